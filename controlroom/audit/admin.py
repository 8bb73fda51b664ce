"""The audit record in the admin: searched, filtered, read; how its chains stand; its reviews."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from controlroom.accounts.models import User
from controlroom.audit import reviews, searching
from controlroom.audit.models import Record, Review
from controlroom.audit.standing import standings
from controlroom.errors import Invalid
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right


class Words(admin.SimpleListFilter):
    """A search field of its own, drawn by the list's page above the list."""

    template = "admin/audit/record/nothing.html"
    kind = "search"
    hint: str | Promise = ""
    find: Callable[[QuerySet[Any], str], QuerySet[Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        return iter(())

    @property
    def words(self) -> str:
        return (self.value() or "").strip()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.search(request, queryset) if self.words else queryset

    def search(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return self.find(rows, self.words)


class Person(Words):
    title, parameter_name, hint = _("person"), "person", _("name, account or machine")
    find = staticmethod(searching.by_person)


class Subject(Words):
    title, parameter_name, hint = _("subject"), "subject", _("kind and id: user 7")
    find = staticmethod(searching.by_subject)


class Thing(Words):
    thing = ""

    def search(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        scope = set(administered(request.user, Right.RECORDS_READ).values_list("pk", flat=True))
        return searching.by_thing(rows, self.thing, self.words, scope)


class Camera(Thing):
    title, parameter_name, hint = _("camera"), "camera", _("name or id")
    thing = "camera"


class Incident(Thing):
    title, parameter_name, hint = _("incident"), "incident", _("number")
    thing = "incident"


class Action(Words):
    title, parameter_name, hint = _("action"), "act", _("part of its code: video")
    find = staticmethod(searching.by_action)


class Since(Words):
    title, parameter_name, kind = _("from"), "since", "date"

    def search(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        day = _day(self.words)
        return searching.since(rows, day) if day else rows.none()


class Until(Words):
    title, parameter_name, kind = _("until"), "until", "date"

    def search(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        day = _day(self.words)
        return searching.until(rows, day) if day else rows.none()


WORDS = (Person, Subject, Camera, Incident, Action, Since, Until)


def _day(words: str) -> Any:
    try:
        return parse_date(words)
    except ValueError:
        return None


@admin.register(Record)
class RecordAdmin(ScopedAdmin):
    right = Right.RECORDS_READ
    read_only = True
    list_display = ["at", "actor", "agent", "action", "subject_kind", "subject_id", "reason"]
    list_filter = [*WORDS, "subject_kind", "municipality"]
    list_select_related = ["actor"]
    show_full_result_count = False
    change_list_template = "admin/audit/record/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        cities = administered(request.user, self.right).defer("boundary").order_by("code")
        own = {one.parameter_name for one in WORDS} | {"p"}
        kept = [(name, value) for name, value in request.GET.items() if name not in own]
        extra = {"standings": list(standings(cities)), "kept": kept}
        return super().changelist_view(request, extra | (extra_context or {}))


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What the reviewer says; the verb adds what there was to look at."""

    class Meta:
        model = Review
        fields = ("municipality", "month", "findings")

    by: Any = None

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if {"municipality", "month", "findings"} <= said.keys():
            try:
                reviews.check(month=said["month"], findings=said["findings"])
            except Invalid as refusal:
                raise forms.ValidationError(refusal.fields) from refusal
        return said


@admin.register(Review)
class ReviewAdmin(ScopedAdmin):
    """Signed off once; a correction is one more."""

    right = Right.RECORDS_READ
    form = ReviewForm
    list_display = ["month", "municipality", "reviewer", "at", "findings"]
    list_filter = ["municipality"]
    list_select_related = ["municipality", "reviewer"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        said = ["municipality", "month", "findings"]
        return [*said, "reviewer", "at", "counted", "chain_number"] if obj else said

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        kept = reviews.sign_off(
            municipality=obj.municipality,
            month=obj.month,
            findings=obj.findings,
            by=cast(User, request.user),
        )
        obj.pk = kept.pk
