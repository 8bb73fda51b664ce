"""Register imports in the admin: upload, columns, dry run, job, error file, undo."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from cctv import import_pages as pages
from cctv.choices import BatchState
from cctv.import_forms import ApplyForm, MappingForm, UploadForm, header_choice
from cctv.models import ImportBatch, ImportRow
from cctv.register import batches, columns, export, reading, reasons
from controlroom.audit.chain import record
from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right


@admin.register(ImportBatch)
class ImportBatchAdmin(ScopedAdmin):
    """Each page only looks; every step is a verb of cctv.register.batches."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = [
        "file_name",
        "municipality",
        "state",
        "rows_read",
        "quarantined",
        "created_by",
        "created_at",
    ]
    list_filter = ["state", "created_at"]
    search_fields = ["file_name", "sha256"]
    list_select_related = ["municipality", "created_by"]
    ordering = ["-pk"]
    actions = None

    @admin.display(description=gettext_lazy("quarantined"))
    def quarantined(self, batch: ImportBatch) -> Any:
        return batch.totals.get("quarantined", "")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportBatch]:
        held = self._held(request)
        return ImportBatch.objects.concerning(held.values("pk")).defer("municipality__boundary")

    def _held(self, request: HttpRequest) -> QuerySet[Any]:
        return administered(request.user, self.right).defer("boundary", "centre")

    def _holds(self, request: HttpRequest, obj: Model | None) -> bool:
        if isinstance(obj, ImportBatch) and obj.pk:
            return self.get_queryset(request).filter(pk=obj.pk).exists()
        return self._held(request).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._holds(request, None)

    def get_urls(self) -> list[URLPattern]:
        def wrap(view: Callable[..., Any]) -> Callable[..., Any]:
            return self.admin_site.admin_view(view)

        steps = {
            "map": require_POST(self.map_view),
            "apply": require_POST(self.apply_view),
            "cancel": require_POST(self.cancel_view),
            "undo": require_POST(self.undo_view),
            "resume": require_POST(self.resume_view),
            "progress": require_GET(self.progress_view),
            "points": require_GET(self.points_view),
            "errors": require_GET(self.errors_view),
        }
        own = [
            path(f"<int:pk>/{name}/", wrap(view), name=f"cctv_import_{name}")
            for name, view in steps.items()
        ]
        return [*own, *super().get_urls()]

    def _batch(self, request: HttpRequest, pk: Any, *, change: bool = False) -> ImportBatch:
        """Find a batch in scope; changing it needs the right in every municipality it touches."""
        batch = self.get_queryset(request).filter(pk=pk).first() if str(pk).isdecimal() else None
        if batch is None:
            raise Http404
        if change and not self._owns(request, batch):
            raise PermissionDenied
        return batch

    def _owns(self, request: HttpRequest, batch: ImportBatch) -> bool:
        touched = {scope.municipality_id for scope in batch.scopes.all()}
        if batch.municipality_id:
            touched.add(batch.municipality_id)
        return not touched - set(self._held(request).values_list("pk", flat=True))

    def _rows(self, request: HttpRequest, batch: ImportBatch) -> QuerySet[Any]:
        return pages.rows_of(batch, self._held(request), own=self._owns(request, batch))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        held = self._held(request)
        form = UploadForm(request.POST or None, request.FILES or None, municipalities=held)
        if request.method == "POST" and form.is_valid():
            try:
                batch = self._receive(request, form.cleaned_data)
            except DomainError as error:
                form.add_error("file", str(error))
            else:
                return self._to(batch)
        return self._page(request, "upload", {"form": form, "title": _("Import a register file")})

    def _receive(self, request: HttpRequest, data: dict[str, Any]) -> ImportBatch:
        user: Any = request.user
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "upload"
            with copy.open("wb") as target:
                for block in data["file"].chunks():
                    target.write(block)
            return batches.receive(
                path=copy,
                file_name=Path(data["file"].name).name,
                municipality=data["municipality"],
                by=user,
                allowed=list(self._held(request).values_list("pk", flat=True)),
                encoding=data["encoding"],
                has_header=header_choice(data["header"]),
                complete=False,
            )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        batch = self._batch(request, object_id)
        held = self._held(request)
        context: dict[str, Any] = {
            "batch": batch,
            "title": batch.file_name,
            "own": self._owns(request, batch),
            "progress": pages.progress(batch),
        }
        if batch.state == BatchState.UPLOADED:
            return self._page(request, "columns", context | self._columns(batch))
        if not batch.running:
            rows = self._rows(request, batch)
            context |= pages.summary(batch, held)
            context |= pages.page_of_rows(
                rows,
                mapping=batch.mapping,
                verdict=request.GET.get("verdict", ""),
                code=request.GET.get("code", ""),
                page=request.GET.get("page", "1"),
            )
            context["reasons"] = pages.reasons_found(rows)
            context["repairs"] = [
                (kind, reasons.general(kind), count)
                for kind, count in sorted(batch.totals.get("repairs", {}).items())
            ]
        return self._page(request, "batch", context)

    def _columns(self, batch: ImportBatch, bound: MappingForm | None = None) -> dict[str, Any]:
        form = batches.look(
            Path(batch.file.path), encoding=batch.encoding, has_header=batch.has_header
        )
        return {
            "form": bound or MappingForm(batch=batch, form=form),
            "header": form.header,
            "sample": form.sample[:6],
        }

    def map_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the mapping and begin the dry run, or look at the file again another way."""
        batch = self._batch(request, pk, change=True)
        chosen = header_choice(request.POST.get("header", ""))
        encoding = request.POST.get("encoding", "")
        if encoding not in reading.ENCODINGS:
            encoding = ""
        try:
            form = batches.look(Path(batch.file.path), encoding=encoding, has_header=chosen)
            if "reread" in request.POST:
                mapping = columns.guess(form.header, form.sample) if form.has_header else {}
                batches.remap(batch=batch, form=form, mapping=mapping, complete=False)
                return self._to(batch)
            bound = MappingForm(request.POST, batch=batch, form=form)
            if not bound.is_valid():
                context = {"batch": batch, "title": batch.file_name, "own": True}
                return self._page(request, "columns", context | self._columns(batch, bound))
            batch = batches.remap(batch=batch, form=form, mapping=bound.mapping())
            batches.start_check(batch=batch)
        except DomainError as error:
            messages.error(request, str(error))
        return self._to(batch)

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = ApplyForm(request.POST)
        form.is_valid()
        return self._do(
            request,
            pk,
            lambda batch: batches.start_apply(
                batch=batch,
                repairs=form.cleaned_data.get("repairs", []),
                keep_missing=form.cleaned_data["keep_missing"],
            ),
        )

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, lambda b: batches.cancel(batch=b, by=request.user))

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, lambda b: batches.start_undo(batch=b, by=request.user))

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, lambda b: batches.resume(batch=b))

    def _do(
        self, request: HttpRequest, pk: int, verb: Callable[[ImportBatch], object]
    ) -> HttpResponse:
        batch = self._batch(request, pk, change=True)
        try:
            verb(batch)
        except DomainError as error:
            messages.error(request, str(error))
        return self._to(batch)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return JsonResponse(pages.progress(self._batch(request, pk)))

    def points_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._batch(request, pk)
        return JsonResponse(
            pages.points(batch, self._rows(request, batch), self._held(request)),
            headers={"Cache-Control": "private, no-store"},
        )

    def errors_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        batch = self._batch(request, pk)
        encoding = "cp949" if request.GET.get("encoding") == "cp949" else "utf-8-sig"
        user: Any = request.user
        record(
            action="register.error_file",
            subject_kind="register_import",
            subject_id=batch.pk,
            municipality_id=batch.municipality_id,
            actor_id=user.pk,
        )
        blocks = export.error_file(batch, self._rows(request, batch), encoding=encoding)
        return StreamingHttpResponse(
            blocks,
            content_type=f"text/csv; charset={'euc-kr' if encoding == 'cp949' else 'utf-8'}",
            headers={"Content-Disposition": f'attachment; filename="import-{batch.pk}-errors.csv"'},
        )

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        full = {**self.admin_site.each_context(request), "opts": self.model._meta, **context}  # noqa: SLF001 documented
        return TemplateResponse(request, f"admin/cctv/import_{name}.html", full)

    def _to(self, batch: ImportBatch) -> HttpResponse:
        return redirect(reverse("admin:cctv_importbatch_change", args=[batch.pk]))


@admin.register(ImportRow)
class ImportRowAdmin(ScopedAdmin):
    """Rows that did not get in, with everything they said."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = ["batch", "line", "municipality", "verdict", "why", "register_id", "proposal"]
    list_filter = ["verdict", "code", "repair"]
    search_fields = ["register_id", "raw"]
    list_select_related = ["batch", "municipality"]
    fields = [
        "batch",
        "municipality",
        "line",
        "verdict",
        "why",
        "register_id",
        "said",
        "lat",
        "lon",
        "proposal",
    ]

    @admin.display(description=gettext_lazy("reason"))
    def why(self, row: ImportRow) -> str:
        return reasons.reason(row.code, row.detail)

    @admin.display(description=gettext_lazy("the row as it stood in the file"))
    def said(self, row: ImportRow) -> str:
        names = row.batch.columns if row.batch.has_header else [str(n) for n in row.batch.columns]
        cells = zip(names, row.fields, strict=False)
        return " · ".join(f"{name}: {cell}" for name, cell in cells if cell)

    @admin.display(description=gettext_lazy("proposed place"))
    def proposal(self, row: ImportRow) -> str:
        if row.repair_lon is None or row.repair_lat is None:
            return ""
        return f"{row.repair_lat:.6f}, {row.repair_lon:.6f}"
