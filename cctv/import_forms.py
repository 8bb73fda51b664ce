"""Forms of a register import: the file, how it is written, which column holds what."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.models import ImportBatch
from cctv.register import columns, reasons
from cctv.register.reading import Form as FileForm
from controlroom.municipalities.models import Municipality

MAX_UPLOAD = 300 * 1024 * 1024
ENCODINGS = [
    ("", _("find out")),
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8 (BOM)"),
    ("cp949", "CP949 (EUC-KR)"),
    ("utf-16", "UTF-16"),
]
HEADERS = [("", _("find out")), ("yes", _("names the columns")), ("no", _("is data already"))]


def header_choice(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("file"),
        help_text=_("CSV in the standard columns or others, also compressed (.gz); up to 300 MB"),
    )
    municipality = forms.ModelChoiceField(
        Municipality.objects.none(),
        label=_("municipality"),
        help_text=_("for rows that do not say themselves where they belong"),
    )
    encoding = forms.ChoiceField(label=_("encoding"), choices=ENCODINGS, required=False)
    header = forms.ChoiceField(label=_("first row"), choices=HEADERS, required=False)

    def __init__(self, *args: Any, municipalities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["municipality"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 declared above
        field.queryset = municipalities.defer("boundary")
        if len(municipalities) == 1:
            field.initial = municipalities[0].pk
            field.empty_label = None

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD:
            raise forms.ValidationError(_("the file is larger than 300 MB"))
        return file


class MappingForm(forms.Form):
    """One choice of column per field of the register."""

    encoding = forms.ChoiceField(label=_("encoding"), choices=ENCODINGS[1:])
    header = forms.ChoiceField(label=_("first row"), choices=HEADERS[1:])

    def __init__(self, *args: Any, batch: ImportBatch, form: FileForm, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "encoding": form.encoding,
            "header": "yes" if form.has_header else "no",
        } | {f"column_{field}": str(index) for field, index in batch.mapping.items()}
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, Any]] = [("", _("— not in the file —"))]
        for index, name in enumerate(form.header):
            sample = next((row[index] for row in form.sample if row[index : index + 1]), "")
            shown = name if form.has_header else f"{name}: {sample[:30]}"
            choices.append((str(index), shown))
        for field in columns.FIELDS:
            self.fields[f"column_{field}"] = forms.ChoiceField(
                label=reasons.FIELD_NAMES[field],
                choices=choices,
                required=field in columns.REQUIRED,
            )

    def column_fields(self) -> list[Any]:
        return [self[f"column_{field}"] for field in columns.FIELDS]

    def mapping(self) -> dict[str, int]:
        chosen = {field: self.cleaned_data.get(f"column_{field}", "") for field in columns.FIELDS}
        return {field: int(index) for field, index in chosen.items() if index != ""}


class ApplyForm(forms.Form):
    repairs = forms.MultipleChoiceField(
        choices=[("swapped", ""), ("dms", "")], required=False, widget=forms.CheckboxSelectMultiple
    )
    keep_missing = forms.BooleanField(required=False)
