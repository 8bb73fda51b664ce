"""OAuth scopes: one per linked service, and a client may only ask for those of its own links."""

from typing import Any

from oauth2_provider.scopes import BaseScopes

from incidents.choices import Service
from linkage.models import Link


class LinkScopes(BaseScopes):  # type: ignore[misc]  # untyped base
    def get_all_scopes(self) -> dict[str, str]:
        return {str(value): str(label) for value, label in Service.choices}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        if application is None:
            return list(self.get_all_scopes())
        return list(
            Link.objects.of_client(application)
            .order_by("service")
            .values_list("service", flat=True)
            .distinct()
        )

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return self.get_available_scopes(application, request)
