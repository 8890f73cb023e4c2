"""Forms of the desk: dressed in unfold's widgets, and merged with what others saved since they were opened."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from backoffice.desk.columns import decimal_places
from backoffice.desk.merging import Author, Merge, Shown

VERSION = "_version"
REASON_FIELD = "_reason"


class AmountInput(widgets.UnfoldAdminDecimalFieldWidget):
    """A number as one writes it: 2.50, not 2.5000."""

    input_type = "text"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off"} | (attrs or {}))

    def format_value(self, value: Any) -> str | None:
        try:
            amount = Decimal(str(value))
            return f"{amount:.{decimal_places(amount)}f}"
        except InvalidOperation:
            return None if value in (None, "") else str(value)


class DayInput(forms.DateInput):
    """A day, chosen with the browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None, format: str = "%Y-%m-%d") -> None:  # noqa: A002
        super().__init__({"class": " ".join(widgets.INPUT_CLASSES)} | (attrs or {}), format)


class RelatedSelect(AutocompleteSelect):
    """Finds a row by typing. `known` holds rows that were read already: those are named without asking for them."""

    known: Mapping[str, models.Model] = {}

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        # Once the session has ended, the sign-in page answers: the field then says that the search failed.
        return super().build_attrs(base_attrs, extra_attrs) | {"data-ajax--data-type": "json"}

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        row = self.known.get(value[0]) if value else None
        if row is None:
            return super().optgroups(name, [key for key in value if self.names_a_row(key)], attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        label = self.choices.field.label_from_instance(row)
        return [(None, [*options, self.create_option(name, row.pk, label, True, len(options))], 0)]

    def names_a_row(self, key: str) -> bool:
        """Whether a row can have this key: what was made up must not fail in the database."""
        target = self.field.target_field
        try:
            target.run_validators(target.to_python(key))
        except ValidationError:
            return False
        return True


# The first that fits: subclasses before their bases.
DRESS: list[tuple[type[forms.Field], type[forms.Widget], type[forms.Widget]]] = [
    (forms.ModelMultipleChoiceField, forms.SelectMultiple, widgets.UnfoldAdminSelectMultipleWidget),
    (forms.MultipleChoiceField, forms.SelectMultiple, widgets.UnfoldAdminSelectMultipleWidget),
    (forms.ChoiceField, forms.Select, widgets.UnfoldAdminSelectWidget),
    (forms.BooleanField, forms.CheckboxInput, widgets.UnfoldBooleanSwitchWidget),
    (forms.DecimalField, forms.NumberInput, AmountInput),
    (forms.IntegerField, forms.NumberInput, widgets.UnfoldAdminIntegerFieldWidget),
    (forms.DateField, forms.DateInput, DayInput),
    (forms.FileField, forms.ClearableFileInput, widgets.UnfoldAdminFileFieldWidget),
    (forms.EmailField, forms.EmailInput, widgets.UnfoldAdminEmailInputWidget),
    (forms.Field, forms.Textarea, widgets.UnfoldAdminTextareaWidget),
    (forms.Field, forms.TextInput, widgets.UnfoldAdminTextInputWidget),
]


def dress(form: forms.BaseForm) -> None:
    """Give plain fields unfold's widgets, so that a form is declared without naming any."""
    for field in form.fields.values():
        for kind, plain, dressed in DRESS:
            if isinstance(field, kind) and type(field.widget) is plain:
                attrs = {name: value for name, value in field.widget.attrs.items() if name != "step"}
                widget = dressed(attrs=attrs)
                widget.is_required = field.required
                if isinstance(field, forms.ChoiceField):
                    widget.choices = field.choices  # type: ignore[attr-defined]
                field.widget = widget
                break


class DeskForm(forms.Form):
    """A form with plain fields that looks like the rest of the desk."""

    required_css_class = "required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def redress(self) -> None:
        """Dress fields that were added after the form was made, and keep the reason last."""
        dress(self)
        self.order_fields([name for name in self.fields if name != "reason"])


class ActionForm(DeskForm):
    """What an action asks before it runs. Every field is handed to the action by its name.

    `rows` is what it will be done to; `row` the one row, when it runs from that row's page. The dialog stands in a
    page that has a form of its own, so the fields of the two are told apart by their ids.
    """

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept with the change, for whoever asks later."),
    )

    def __init__(self, *args: Any, rows: Any = None, row: Any = None, user: Any = None, **kwargs: Any) -> None:
        self.rows, self.row, self.user = rows, row, user
        super().__init__(*args, **{"auto_id": "id_dialog_%s"} | kwargs)
        self.redress()


class ReasonForm(ActionForm):
    """Asks why, and wants an answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        self.fields["reason"].widget.is_required = True


class VersionedForm(forms.ModelForm):
    """Never saves over a change that somebody made since the page was opened.

    The page carries each row's `updated_at`, named after the form's prefix. When the row is newer, `desk.merging` puts
    the two changes together, and asks where they overlap; where the version is unknown, the change is refused.
    """

    reason_missing = False
    merge: Merge | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    @property
    def version(self) -> str:
        """The version that the page shows: as posted, or as merged with a newer one, else as stored."""
        if self.merge is not None:
            return str(self.merge.shown)
        if self.is_bound:
            return str(self.data.get(self.add_prefix(VERSION), ""))
        updated_at = getattr(self.instance, "updated_at", None)
        return updated_at.isoformat() if self.instance.pk and updated_at else ""

    def full_clean(self) -> None:
        updated_at = None if self.instance._state.adding else getattr(self.instance, "updated_at", None)
        if self.is_bound and updated_at is not None and self.version != updated_at.isoformat():
            self.merge = Merge(self, Shown.parse(self.version))
        super().full_clean()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.merge is not None and self.merge.questions:
            raise ValidationError(overlap_sentence(self.instance, self.merge.questions[0].by), code="stale")
        if getattr(self.instance, "updated_at", None) is None or self.instance._state.adding or not self.has_changed():
            return cleaned
        if self.merge is not None and not self.merge.possible:
            raise ValidationError(stale_sentence(self.instance), code="stale")
        self.require_reason()
        return cleaned

    def require_reason(self) -> None:
        """Refuse a change that the settings want explained, and that nobody explained."""
        names = set(reasons_required(type(self.instance), "fields")) & set(self.changed_data)
        if names and not str(self.data.get(REASON_FIELD, "")).strip():
            self.reason_missing = True
            labels = [str(field.label) for name, field in self.fields.items() if name in names]
            sentence = _("Say why you change: %(fields)s. The reason is asked for below.")
            raise ValidationError(sentence, code="reason", params={"fields": ", ".join(labels)})


def reasons_required(model: type[models.Model], what: str) -> list[str]:
    """Return the `fields` or `actions` of a model that want a reason, as the settings name them."""
    return list(settings.REASONS_REQUIRED.get(model._meta.label_lower, {}).get(what, []))


def stale_sentence(row: Any) -> str:
    """Return who changed `row` last, where nothing tells what the page showed, and what to do about it."""
    newest = row.history.select_related("change_set").order_by("-history_id").first()
    return _(
        "%(who)s changed this %(what)s at %(when)s, while you had it open. Nothing of yours was saved: "
        "open the page again and make your change there."
    ) % told_author(row, Author.of(newest, row.updated_at))


def overlap_sentence(row: Any, by: Author) -> str:
    """Return who changed the same fields of `row`, and what to do about it."""
    return _(
        "%(who)s changed this %(what)s at %(when)s, while you had it open. Nothing is saved yet: "
        "choose what stands, at the top of this page, and save again."
    ) % told_author(row, by)


def told_author(row: Any, by: Author) -> dict[str, Any]:
    return {"who": by.who, "what": row._meta.verbose_name, "when": by.clock}
