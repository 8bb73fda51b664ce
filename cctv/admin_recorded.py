"""What admin pages of the camera room share: every change by hand is on the audit record."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from controlroom.audit import chain
from controlroom.municipalities.admin_scope import ScopedAdmin


class RecordedAdmin(ScopedAdmin):
    """Rows whose every change by hand is on the audit record, with the fields that changed."""

    def _record(self, request: HttpRequest, verb: str, obj: Any, detail: Any = None) -> None:
        name = obj._meta.model_name  # noqa: SLF001 - Django's own name for it
        chain.record(
            action=f"{name}.{verb}",
            subject_kind=name,
            subject_id=obj.pk,
            municipality_id=obj.municipality_id,
            actor_id=request.user.pk,
            detail={"changes": detail or []},
        )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, "changed", obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._record(request, "deleted", obj)
        return super().log_deletions(request, queryset)
