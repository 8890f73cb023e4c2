"""The forms of imports: the file, how it is read, and which of its columns is what."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.desk.forms import DeskForm
from backoffice.spreadsheets.mapping import propose_headers
from backoffice.spreadsheets.merging import CREATE, UPDATE
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.readers import DELIMITERS, ENCODINGS
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.services import can_import, resource_asked, resource_of

ACCEPTED = ".csv,.tsv,.txt,.gz,.xlsx,.xls,.ods"
RULES = ("key", "mode", "blanks")
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


DECIMAL_SIGNS = {".": gettext_lazy("point, 12.50"), ",": gettext_lazy("comma, 12,50")}
DATE_ORDERS = {"dmy": gettext_lazy("day first, 31/12/2026"), "mdy": gettext_lazy("month first, 12/31/2026")}
MODES = [
    ("", gettext_lazy("Create and change")),
    ("create", gettext_lazy("Create only, refuse what is here")),
    ("update", gettext_lazy("Change only, refuse what is not here")),
]
BLANKS = [
    ("", gettext_lazy("Does what its field says")),
    ("keep", gettext_lazy("Leaves what is here")),
]


class UploadForm(DeskForm):
    """The file, and what is in it."""

    resource = forms.ChoiceField(label=gettext_lazy("What is in it"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV (also packed as .csv.gz), Excel (.xlsx, .xls) or OpenDocument (.ods), with column names on top."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED}),
        error_messages={"empty": gettext_lazy("The file is empty. Choose a file with a header row and data.")},
    )
    profile = forms.ModelChoiceField(
        label=gettext_lazy("Profile"),
        queryset=ImportProfile.objects.none(),
        required=False,
        empty_label=gettext_lazy("By the columns of the file"),
        help_text=gettext_lazy("How such a file was understood before, saved by a colleague under a name."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Kept with the change, such as “autumn price list”."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        permitted = dict(permitted_resources(user))
        resource, profile = (self.fields[name] for name in ("resource", "profile"))
        resource.choices = list(permitted.items())  # type: ignore[attr-defined]
        profile.queryset = ImportProfile.objects.filter(resource__in=permitted)  # type: ignore[attr-defined]
        profile.label_from_instance = lambda row: f"{permitted[row.resource]}: {row.name}"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        profile = cleaned.get("profile")
        if profile and cleaned.get("resource") not in {None, profile.resource}:
            message = _("This profile is for %(kind)s. Choose that above, or another profile.")
            self.add_error("profile", message % {"kind": get_resource(profile.resource).title})
        return cleaned


class TemplateForm(DeskForm):
    """Which file to fill in: of which kind, blank or with what there is."""

    kind = forms.ChoiceField(label=gettext_lazy("What the file is for"))
    suffix = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=[("xlsx", gettext_lazy("Excel")), ("csv", gettext_lazy("CSV"))]
    )
    filled = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_template_%s", **kwargs)
        field: Any = self.fields["kind"]
        field.choices = permitted_resources(user)


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
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimal sign"),
        required=False,
        help_text=gettext_lazy("Of numbers that are written as text: 12.50 or 12,50."),
    )
    date_order = forms.ChoiceField(
        label=gettext_lazy("Order of dates"),
        required=False,
        help_text=gettext_lazy("Whether 03/04/2026 is in April or in March. Unknown, such a date is refused."),
    )

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        super().__init__(*args, initial=job.options, **kwargs)
        self.found = job.detected
        self.offer("decimal", list(DECIMAL_SIGNS.items()))
        self.offer("date_order", list(DATE_ORDERS.items()))
        self.offer("encoding", [(name, name) for name in ENCODINGS])
        self.offer("delimiter", [(sign, DELIMITER_NAMES[sign]) for sign in DELIMITERS])
        self.offer("sheet", [(name, name) for name in self.found.get("sheets") or ()])
        unused = ["sheet"] if self.found.get("kind") == "csv" else ["encoding", "delimiter"]
        for name in unused:
            del self.fields[name]

    def offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        """Offer `choices`, and before them what was detected."""
        found = self.found.get(name)
        if name in self.initial:
            detect = _("Detect")
        elif found:
            detect = _("Detected: %(found)s") % {"found": dict(choices).get(found, found)}
        else:
            detect = _("Not found in the file")
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
            (_("Decimal sign"), DECIMAL_SIGNS.get(found.get("decimal") or "")),
            (_("Dates"), DATE_ORDERS.get(found.get("date_order") or "")),
        ]
        return [(label, value) for label, value in facts if value]


def row_facts(job: ImportJob) -> list[tuple[Any, Any]]:
    """Return what was chosen of how rows are found and what they may do, as label and value."""
    chosen, resource = job.options, resource_of(job)
    facts = [
        (_("Rows are found by"), resource.matched_by and resource.all_columns[resource.matched_by.field].label),
        (_("Rows"), dict(MODES)[chosen["mode"]] if chosen.get("mode") else None),
        (_("Blank cells"), dict(BLANKS)[chosen["blanks"]] if chosen.get("blanks") else None),
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
        labels = resource_of(job).labels()
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
    """What finds a row, and which column of the file fills each field; where none does, one value for all rows."""

    key = forms.ChoiceField(
        label=gettext_lazy("Rows are found by"),
        required=False,
        help_text=gettext_lazy("What a row and one that is here have in common. A value that fits several is refused."),
    )
    mode = forms.ChoiceField(label=gettext_lazy("What the rows may do"), required=False, choices=MODES)
    blanks = forms.ChoiceField(label=gettext_lazy("A blank cell"), required=False, choices=BLANKS)

    def __init__(self, *args: Any, job: ImportJob, **kwargs: Any) -> None:
        self.job = job
        self.columns = resource_of(job).all_columns
        super().__init__(*args, initial=job.options, **kwargs)
        self.offer_rules()
        self.proposals: dict[str, str] = {}
        headers = [header for header in job.detected["headers"] if header]
        self.examples: dict[str, list[str]] = job.detected.get("examples", {})
        by_values = job.detected.get("proposed", {})
        chosen = job.mapping if job.checked_at else propose_headers(self.columns, headers) | by_values
        taken = {*chosen.values()}
        for name, declared in self.columns.items():
            self.fields[COLUMN + name] = forms.ChoiceField(
                label=declared.column_name,
                choices=[("", _("– none –")), *((header, header) for header in headers)],
                initial=chosen.get(name, ""),
                required=False,
                help_text=declared.help_text,
            )
            proposed = by_values.get(name)
            self.proposals[name] = proposed if proposed and (proposed not in taken or not job.checked_at) else ""

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

    def offer_rules(self) -> None:
        """Offer the keys that there are, and what rows may do, if there is a choice."""
        resource = resource_of(self.job)
        field: Any = self.fields["key"]
        field.choices = [
            ("" if key is resource.keys[0] else key.field, self.columns[key.field].label) for key in resource.keys
        ]
        unused = [] if resource.keys else ["key"]
        unused += [] if resource.chooses_rules and resource.creates else ["mode"]
        unused += [] if resource.chooses_rules else ["blanks"]
        for name in unused:
            del self.fields[name]

    @property
    def rules(self) -> list[Any]:
        """The fields above the columns."""
        return [self[name] for name in RULES if name in self.fields]

    @property
    def lines(self) -> list[tuple[Any, Any, Any, list[str], str]]:
        """The three fields of each line of the form, the first values of its column, and the proposal by values."""
        return [
            (
                self[COLUMN + name],
                self[CONSTANT + name],
                self[REPLACED + name],
                self.examples.get(self[COLUMN + name].value() or self.proposals[name], []),
                self.proposals[name],
            )
            for name in self.columns
        ]

    def asked(self) -> dict[str, Any]:
        """Return what `check_import` takes: a field without a column is left out on purpose."""
        cleaned = self.cleaned_data
        options = {**self.job.options, **{name: cleaned.get(name, "") for name in RULES}}
        names = resource_asked(self.job.resource, options).columns
        constants = {name: cleaned[CONSTANT + name] for name in names if cleaned[CONSTANT + name]}
        mapped = {name: cleaned[COLUMN + name] for name in names if name not in constants}
        replaced = {name: cleaned[REPLACED + name] for name in names if cleaned[REPLACED + name]}
        return {"mapped": mapped, "constants": constants, "replaced": replaced, "options": options}


def permitted_resources(user: Any) -> list[tuple[str, Any]]:
    """Return the kinds of spreadsheet that `user` may import."""
    return [(name, get_resource(name).title) for name in resource_names() if can_import(name, user) is None]
