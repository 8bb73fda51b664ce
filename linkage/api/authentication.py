"""Who calls the agency API: an OAuth2 client by its bearer token, never a person's session."""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework.request import Request

from incidents.choices import Service


@dataclass(frozen=True)
class AgencyClient:
    """The caller: an application and the services its token names."""

    application: Any
    scopes: frozenset[str]
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> int:
        return int(self.application.pk)


class ClientAuthentication(OAuth2Authentication):  # type: ignore[misc]  # untyped base
    def authenticate(self, request: Request) -> tuple[AgencyClient, Any] | None:
        # Of the plain request, so that the body is not read before it is known whose it is.
        found = super().authenticate(request._request)  # noqa: SLF001 - it has no public name
        if found is None or found[1] is None:
            return None
        token = found[1]
        return AgencyClient(token.application, frozenset(token.scope.split())), token


class ClientAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "linkage.api.authentication.ClientAuthentication"
    name = "agencyClient"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "oauth2",
            "description": "Client credentials; the scope is the linked service.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/api/v1/token/",
                    "scopes": {str(value): str(value) for value in Service.values},
                }
            },
        }
