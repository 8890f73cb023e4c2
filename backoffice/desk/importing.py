"""The forms of imports: the file, how it is read, and which of its columns is what."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.desk.forms import DeskForm
from backoffice.spreadsheets.mapping import propose_headers
from backoffice.spreadsheets.merging import CREATE, UPDATE
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.readers import DELIMITERS, ENCODINGS
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.services import can_import

ACCEPTED = ".csv,.tsv,.txt,.gz,.xlsx,.xls,.ods"
COLUMN, CONSTANT, REPLACED = "column-", "constant-", "replaced-"
KINDS = {
    "csv": gettext_lazy("CSV"),
    "xlsx": gettext_lazy("Excel (XLSX)"),
    "xls": gettext_lazy("Excel 97–2003 (XLS)"),
    "ods": gettext_lazy("OpenDocument (ODS)"),
}
DELIMITER_NAMES = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("bar"),
}


class UploadForm(DeskForm):
    """The file, and what is in it."""

    resource = forms.ChoiceField(label=gettext_lazy("What is in it"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV (also packed as .csv.gz), Excel (.xlsx, .xls) or OpenDocument (.ods), with column names on top."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Kept with the change, such as “autumn price list”."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["resource"].choices = permitted_resources(user)  # type: ignore[attr-defined]
        self.fields["resource"].widget.choices = self.fields["resource"].choices  # type: ignore[attr-defined]


class ReadingForm(DeskForm):
    """How the file is read: what was detected, to be corrected where the detection is wrong."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), required=False)
    delimiter = forms.ChoiceField(label=gettext_lazy("Delimiter"), required=False)
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)
    header_row = forms.IntegerField(
        label=gettext_lazy("Row with the column names"),
        min_value=1,
        required=False,
        help_text=gettext_lazy("Empty: the first that is not blank. What stands above it is left out."),
    )

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        super().__init__(*args, initial=job.options, **kwargs)
        self.found = job.detected
        self.offer("encoding", [(name, name) for name in ENCODINGS])
        self.offer("delimiter", [(sign, DELIMITER_NAMES[sign]) for sign in DELIMITERS])
        self.offer("sheet", [(name, name) for name in self.found.get("sheets") or ()])
        for name in ["sheet"] if self.found.get("kind") == "csv" else ["encoding", "delimiter"]:
            del self.fields[name]

    def offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        """Offer `choices`, and before them what was detected."""
        found = self.found.get(name)
        if name in self.initial:
            detect = _("Detect")
        else:
            detect = _("Detected: %(found)s") % {"found": dict(choices).get(found, found or "–")}
        field: Any = self.fields[name]
        field.choices = [("", detect), *choices]

    @property
    def facts(self) -> list[tuple[Any, Any]]:
        """What is known of the file, as label and value, for the line above the form."""
        found = self.found
        facts = [
            (_("Format"), KINDS.get(found.get("kind", ""))),
            (_("Sheet"), found.get("sheet")),
            (_("Encoding"), found.get("encoding")),
            (_("Delimiter"), DELIMITER_NAMES.get(found.get("delimiter") or "")),
            (_("Column names"), _("row %(row)s") % {"row": found["header_row"]} if found.get("header_row") else None),
        ]
        return [(label, value) for label, value in facts if value]


class ChangesForm(forms.Form):
    """Which of the rows that change are shown: by key, by what happens to them, by the column that changes."""

    search = forms.CharField(label=gettext_lazy("Key"), required=False)
    action = forms.ChoiceField(
        label=gettext_lazy("Rows"),
        required=False,
        choices=[
            ("", gettext_lazy("New and changed")),
            (CREATE, gettext_lazy("New")),
            (UPDATE, gettext_lazy("Changed")),
        ],
    )
    column = forms.ChoiceField(label=gettext_lazy("Column"), required=False)
    after = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = get_resource(job.resource).labels()
        field: Any = self.fields["column"]
        field.choices = [("", _("any column")), *labels.items()]

    def clean_after(self) -> int:
        """Return the row to go on after."""
        return self.cleaned_data["after"] or 0

    def address(self, *, after: int) -> str:
        """Return the query of the rows that follow."""
        return urlencode({**self.cleaned_data, "after": after})


class ReplacementsField(forms.CharField):
    """Words of the file and what they are read as, a pair on each line: GB = United Kingdom."""

    def clean(self, value: Any) -> Any:
        pairs = [line.partition("=") for line in str(value or "").splitlines() if line.strip()]
        words = {word.strip(): by.strip() for word, _equals, by in pairs}
        if not all(equals and word.strip() for word, equals, _by in pairs):
            raise forms.ValidationError(_("Write a pair on each line, such as GB = United Kingdom."))
        if len({word.casefold() for word in words}) < len(pairs):
            raise forms.ValidationError(_("A word stands here twice. Keep one of its lines."))
        return words


class MappingForm(DeskForm):
    """Which column of the file fills each field; where none does, one value for all rows."""

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        self.columns = get_resource(job.resource).columns
        super().__init__(*args, **kwargs)
        headers = [header for header in job.detected["headers"] if header]
        chosen = job.mapping if job.checked_at else propose_headers(self.columns, headers)
        for name, declared in self.columns.items():
            self.fields[COLUMN + name] = forms.ChoiceField(
                label=declared.column_name,
                choices=[("", _("– none –")), *((header, header) for header in headers)],
                initial=chosen.get(name, ""),
                required=False,
                help_text=declared.help_text,
            )
            self.fields[CONSTANT + name] = forms.CharField(
                label=_("or in all rows"),
                initial=job.constants.get(name, ""),
                required=False,
                widget=forms.TextInput(attrs={"placeholder": _("one value for all rows")}),
            )
            words = job.replaced.get(name, {})
            self.fields[REPLACED + name] = ReplacementsField(
                label=_("replaced values"),
                initial="\n".join(f"{word} = {by}" for word, by in words.items()),
                required=False,
                widget=forms.Textarea(attrs={"rows": max(len(words), 1), "placeholder": _("in the file = here")}),
            )
        self.redress()

    @property
    def lines(self) -> list[tuple[Any, Any, Any]]:
        """The three fields of each line of the form."""
        return [(self[COLUMN + name], self[CONSTANT + name], self[REPLACED + name]) for name in self.columns]

    def asked(self) -> dict[str, Any]:
        """Return what `check_import` takes: a field without a column is left out on purpose."""
        cleaned = self.cleaned_data
        constants = {name: cleaned[CONSTANT + name] for name in self.columns if cleaned[CONSTANT + name]}
        mapped = {name: cleaned[COLUMN + name] for name in self.columns if name not in constants}
        replaced = {name: cleaned[REPLACED + name] for name in self.columns if cleaned[REPLACED + name]}
        return {"mapped": mapped, "constants": constants, "replaced": replaced}


def permitted_resources(user: Any) -> list[tuple[str, Any]]:
    """Return the kinds of spreadsheet that `user` may import."""
    return [(name, get_resource(name).title) for name in resource_names() if can_import(name, user) is None]
