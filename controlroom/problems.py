"""Every error of the APIs as application/problem+json (RFC 9457) with a stable code."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from controlroom.errors import DomainError

MEDIA_TYPE = "application/problem+json"


def problem(
    *,
    code: str,
    status_code: int,
    detail: Any = "",
    fields: dict[str, list[Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:controlroom:problem:{code}",
        "title": code.replace("_", " "),
        "status": status_code,
        "code": code,
    }
    if detail:
        body["detail"] = str(detail)
    if fields:
        body["errors"] = {name: [str(reason) for reason in why] for name, why in fields.items()}
    return Response(body, status=status_code, content_type=MEDIA_TYPE, headers=headers)


def _flatten(errors: Any, prefix: str = "") -> dict[str, list[Any]]:
    """Turn DRF's nested details into dotted field names."""
    if isinstance(errors, dict):
        flat: dict[str, list[Any]] = {}
        for name, value in errors.items():
            flat |= _flatten(value, f"{prefix}.{name}" if prefix else str(name))
        return flat
    if isinstance(errors, list) and any(isinstance(item, dict) for item in errors):
        flat = {}
        for index, value in enumerate(errors):
            flat |= _flatten(value, f"{prefix}[{index}]")
        return flat
    return {prefix or "non_field_errors": errors if isinstance(errors, list) else [errors]}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, DomainError):
        return problem(
            code=error.code, status_code=error.status, detail=error.message, fields=error.fields
        )
    if isinstance(error, Http404):
        return problem(code="not_found", status_code=status.HTTP_404_NOT_FOUND)
    if isinstance(error, PermissionDenied):
        return problem(code="not_allowed", status_code=status.HTTP_403_FORBIDDEN)
    response = drf_exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    kept = {
        name: response[name] for name in ("Retry-After", "WWW-Authenticate") if name in response
    }
    if isinstance(error, exceptions.ValidationError):
        return problem(
            code="invalid",
            status_code=error.status_code,
            fields=_flatten(error.detail),
            headers=kept,
        )
    codes = error.get_codes()
    return problem(
        code=codes if isinstance(codes, str) else error.default_code,
        status_code=error.status_code,
        detail=error.detail,
        headers=kept,
    )
