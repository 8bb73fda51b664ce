"""Codes of agencies and our kinds: edited, imported by CSV, and the unmapped ones by count."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right
from incidents.models import Kind
from linkage import mapping
from linkage.models import Link
from linkage.models_agreements import KindMapping, UnmappedCode


def links_of(request: HttpRequest) -> QuerySet[Link]:
    return Link.objects.filter(municipality__in=administered(request.user, Right.LINKS_MANAGE))


class KindChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.code} {obj}"


class CodeForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A code means a kind of its own link's service."""

    class Meta:
        model = KindMapping
        fields = ("link", "code", "name", "kind")
        field_classes = {"kind": KindChoice}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields.get("kind")
        if isinstance(kinds, forms.ModelChoiceField):
            own = Kind.objects.filter(is_mapped=True).order_by("service", "code")
            if self.instance.link_id:
                own = own.filter(service=self.instance.link.service)
            kinds.queryset = own

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        link, kind = said.get("link") or getattr(self.instance, "link", None), said.get("kind")
        if link and kind and kind.service != link.service:
            raise forms.ValidationError({"kind": _("this kind belongs to another service")})
        return said


class CodesFileForm(forms.Form):
    """The link and its table of codes."""

    link = forms.ModelChoiceField(label=gettext_lazy("link"), queryset=Link.objects.none())
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "UTF-8 or CP949, with the columns code, name, kind (코드, 명칭, 종별); kind is the "
            "code of our kind. All lines are taken or none."
        ),
    )


class CodesAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    municipality_path = "link__municipality"
    form = CodeForm
    list_select_related = ["link", "kind"]
    search_fields = ["code", "name", "kind__code", "kind__name_ko", "kind__name_en"]
    list_per_page = 50

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.related_model is Link:
            kwargs["queryset"] = links_of(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, form=CodeForm, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["link", "code", "seen_count", "last_seen_at"] if obj else []


@admin.register(KindMapping)
class KindMappingAdmin(CodesAdmin):
    list_display = ["code", "name", "link", "kind", "seen_count", "last_seen_at"]
    list_filter = ["link", ("kind", admin.EmptyFieldListFilter)]
    change_list_template = "admin/linkage/codes_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="linkage_kindmapping_import"), *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = CodesFileForm(request.POST or None, request.FILES or None)
        chooser: Any = form.fields["link"]
        chooser.queryset = links_of(request)
        if request.method == "POST" and form.is_valid() and self._import(request, form):
            return redirect(reverse("admin:linkage_kindmapping_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "form": form,
            "title": _("Import codes of an agency"),
        }
        return TemplateResponse(request, "admin/linkage/codes_import.html", context)

    def _import(self, request: HttpRequest, form: forms.Form) -> bool:
        chosen = form.cleaned_data
        try:
            done = mapping.import_csv(
                link=chosen["link"],
                raw=chosen["file"].read(mapping.MAX_FILE_BYTES + 1),
                by=request.user,
            )
        except DomainError as refusal:
            form.add_error("file", refusal.message)
            for line, reasons in list(refusal.fields.items())[:20]:
                where = _("line %(number)s") % {"number": line} if line.isdigit() else line
                form.add_error("file", f"{where}: {reasons[0]}")
            return False
        words = _("%(created)d codes added, %(changed)d changed, %(unchanged)d as before")
        self.message_user(request, words % vars(done), messages.SUCCESS)
        return True


@admin.register(UnmappedCode)
class UnmappedCodeAdmin(CodesAdmin):
    """Choose a kind in the list and save: later reports come in as that kind."""

    list_display = ["code", "name", "link", "seen_count", "last_seen_at", "kind"]
    list_editable = ["kind"]
    list_filter = ["link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(kind=None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
