"""Regions, and agreements with neighbours: written by who tells, accepted by both."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage import neighbours
from linkage.admin_agreements import SharedAdmin
from linkage.choices import NeighbourField
from linkage.models_regions import NeighbourAgreement, NeighbourTelling, Region


@admin.register(Region)
class RegionAdmin(SharedAdmin):
    """Regions span cities, so that a superuser keeps them."""

    list_display = ["code", "name_ko", "name_en", "names"]
    search_fields = ["code", "name_ko", "name_en", "members__code", "members__name_ko"]
    filter_horizontal = ["members"]

    @admin.display(description=gettext_lazy("municipalities"))
    def names(self, region: Region) -> str:
        return ", ".join(city.name for city in region.members.defer("boundary"))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Municipality.objects.defer("boundary")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def in_use(self, obj: Any) -> bool:
        return bool(obj.links.exists())


class AgreementForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    # Not named `fields`: that is the form's own.
    fields_told = forms.MultipleChoiceField(
        label=gettext_lazy("fields told"),
        choices=NeighbourField.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("what is not ticked never reaches the neighbour"),
    )

    class Meta:
        model = NeighbourAgreement
        fields = ("municipality", "neighbour", "reach_m", "valid_from", "valid_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "fields_told" in self.fields:
            self.fields["fields_told"].initial = self.instance.fields

    def _post_clean(self) -> None:
        if "fields_told" in self.cleaned_data:
            self.instance.fields = self.cleaned_data["fields_told"]
        super()._post_clean()  # type: ignore[misc]  # untyped base


@admin.register(NeighbourAgreement)
class NeighbourAgreementAdmin(ScopedAdmin):
    """Both sides see it; a change of the terms needs both acceptances again."""

    right = Right.LINKS_MANAGE
    form = AgreementForm
    list_display = ["__str__", "told", "reach_m", "valid_from", "valid_until", "standing"]
    list_filter = ["municipality", "neighbour"]
    list_select_related = ["municipality", "neighbour"]
    actions = ["accept", "revoke"]
    _signed = (
        "accepted_at",
        "accepted_by",
        "neighbour_accepted_at",
        "neighbour_accepted_by",
        "revoked_at",
    )
    fieldsets = [
        (None, {"fields": [("municipality", "neighbour")]}),
        (
            gettext_lazy("What is agreed"),
            {
                "fields": ["fields_told", "reach_m", ("valid_from", "valid_until")],
                "description": gettext_lazy(
                    "Nothing is told before both sides have accepted (by the actions of the "
                    "list). A change takes both acceptances back."
                ),
            },
        ),
        (gettext_lazy("Accepted"), {"fields": _signed}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        scope = administered(request.user, self.right)
        rows = NeighbourAgreement.objects.select_related("municipality", "neighbour")
        return rows.filter(Q(municipality__in=scope) | Q(neighbour__in=scope))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return super().has_view_permission(request)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Revoke it instead: what was told under it is a record."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self._signed, *(("municipality", "neighbour") if obj else ())]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "neighbour":
            # The other side may be any city of the installation, by its name alone.
            field: Any = admin.ModelAdmin.formfield_for_foreignkey(
                self, db_field, request, **kwargs
            )
            field.queryset = Municipality.objects.defer("boundary")
            return field
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if change and not form.has_changed():
            return
        neighbours.changed(agreement=obj, by=request.user)

    @admin.display(description=gettext_lazy("fields told"))
    def told(self, row: NeighbourAgreement) -> str:
        labels = dict(NeighbourField.choices)
        return ", ".join(str(labels.get(name, name)) for name in row.fields)

    @admin.display(description=gettext_lazy("State"))
    def standing(self, row: NeighbourAgreement) -> str:
        return neighbours.standing(row)

    @admin.action(description=gettext_lazy("Accept for our side"), permissions=["view"])
    def accept(self, request: HttpRequest, chosen: QuerySet[NeighbourAgreement]) -> None:
        self._each(request, chosen, neighbours.accept)

    @admin.action(description=gettext_lazy("Revoke at once"), permissions=["view"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[NeighbourAgreement]) -> None:
        self._each(request, chosen, neighbours.revoke)

    def _each(self, request: HttpRequest, chosen: QuerySet[Any], verb: Any) -> None:
        done = 0
        for row in chosen:
            try:
                verb(agreement=row, by=request.user)
                done += 1
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal.message}", messages.ERROR)
        if done:
            words = ngettext("%d agreement changed", "%d agreements changed", done) % done
            self.message_user(request, words, messages.SUCCESS)


@admin.register(NeighbourTelling)
class NeighbourTellingAdmin(ScopedAdmin):
    """What a neighbour was told, field by field: a record of the provision."""

    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["incident", "agreement", "created_at", "told_at", "content"]
    list_filter = ["agreement"]
    list_select_related = ["incident", "agreement__municipality", "agreement__neighbour"]
    date_hierarchy = "created_at"

    @admin.display(description=gettext_lazy("what was told"))
    def content(self, row: NeighbourTelling) -> str:
        return ", ".join(row.told) or _("nothing new")
