"""Editing fields of many rows: which fields are offered, and the form that asks what to do with each."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.bulk.operations import (
    ARITHMETIC,
    VALUELESS,
    Edit,
    Operation,
    Rounding,
    is_number,
    is_tags,
    may_be_empty,
    operations_for,
)
from backoffice.desk.forms import ActionForm, AmountInput, reasons_required

LEAVE = ""
NUMBER = forms.DecimalField(max_digits=20, decimal_places=6)


def offered_fields(admin: Any, request: HttpRequest) -> dict[str, Any]:
    """Return the form field of each field that may be edited on many rows, by its name.

    Those are the fields that the form of a row lets the person change. Left out are fields that services alone write
    (`undo_rules.keeps`, and `by_services` of the admin), and those that no two rows may share.
    """
    if not admin.has_change_permission(request) or not hasattr(admin.model, "history"):
        return {}
    form = admin.get_form(request, admin.model(), change=True)
    left_out = {*admin.model.undo_rules.keeps, *admin.by_services, *unshared(admin.model)}
    stored = {field.name: field for field in admin.opts.concrete_fields if field.editable and not field.generated}
    return {
        name: formfield
        for name, formfield in form.base_fields.items()
        if name in stored and name not in left_out and operations_for(stored[name])
    }


def unshared(model: type[models.Model]) -> set[str]:
    """Return the fields that every row has and no two rows share: to edit them on many is never meant."""
    alone = {field.name for field in model._meta.concrete_fields if field.unique}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            named = [*constraint.fields, *(name for each in constraint.expressions for name in names_in(each))]
            alone |= set(named) if len(named) == 1 else set()
    return {name for name in alone if not may_be_empty(model._meta.get_field(name))}


def names_in(expression: Any) -> list[str]:
    """Return the names of the fields that an expression reads."""
    if isinstance(expression, models.F):
        return [str(expression.name)]  # type: ignore[attr-defined]
    return [name for each in expression.get_source_expressions() for name in names_in(each)]


def row_refusal(admin: Any, request: HttpRequest, names: list[str]) -> Any:
    """Return the function that says why one row may not be edited, where its form would not let the person do so."""

    def refuses(row: Any) -> str:
        if not admin.has_change_permission(request, row):
            return _("Your role does not allow changing it.")
        locked = [name for name in names if name in admin.get_readonly_fields(request, row)]
        fields = ", ".join(str(admin.opts.get_field(name).verbose_name) for name in locked)
        return _("As it stands now, this cannot be changed on it: %(fields)s.") % {"fields": fields} if locked else ""

    return refuses


class BulkEditForm(ActionForm):
    """For each field: leave it, or do something with it; and why."""

    def __init__(self, *args: Any, admin: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model = admin.model
        self.offered = offered_fields(admin, request)
        for name, formfield in self.offered.items():
            self.add_line(self.model._meta.get_field(name), formfield)
        self.redress()

    def add_line(self, field: Any, formfield: forms.Field) -> None:
        """Add what is asked about one field of the rows."""
        label = capfirst(str(formfield.label or field.verbose_name))
        choices = [(LEAVE, _("Leave as it is")), *((str(each), each.label) for each in operations_for(field))]
        self.fields[f"do-{field.name}"] = forms.ChoiceField(label=label, choices=choices, required=False)
        self.fields[f"value-{field.name}"] = self.value_field(field, formfield)
        self.fields[f"value-{field.name}"].label = _("%(field)s: value") % {"field": label}
        if isinstance(field, models.DecimalField):
            self.fields[f"round-{field.name}"] = forms.ChoiceField(
                label=_("%(field)s: round") % {"field": label}, choices=Rounding.choices, required=False
            )

    def value_field(self, field: Any, formfield: forms.Field) -> forms.Field:
        """Return the field for a value; what it means depends on the operation, so `clean` reads it."""
        if is_number(field):
            return forms.CharField(required=False, widget=AmountInput, max_length=40)
        if is_tags(field):
            return forms.CharField(required=False, max_length=2_000)
        formfield.required = formfield.widget.is_required = False
        formfield.initial, formfield.help_text = None, ""
        return formfield

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What the page shows: a line a field."""
        return [
            {
                "do": self[f"do-{name}"],
                "value": self[f"value-{name}"],
                "round": self[f"round-{name}"] if f"round-{name}" in self.fields else None,
            }
            for name in self.offered
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.edits = [
            edit for name in self.offered if cleaned.get(f"do-{name}") and (edit := self.edit_of(name, cleaned))
        ]
        if not self.edits and not self.errors:
            raise ValidationError(_("Choose what to do with at least one field."))
        wanted = {edit.field.name for edit in self.edits} & set(reasons_required(self.model, "fields"))
        if wanted and not cleaned.get("reason", "").strip():
            labels = [str(self.model._meta.get_field(name).verbose_name) for name in sorted(wanted)]
            self.add_error("reason", _("Say why you change: %(fields)s.") % {"fields": ", ".join(labels)})
        return cleaned

    def edit_of(self, name: str, cleaned: dict[str, Any]) -> Edit | None:
        """Return the edit of one field, or nothing when its value is wrong, which is then said."""
        field: Any = self.model._meta.get_field(name)
        operation = Operation(cleaned[f"do-{name}"])
        rounding = cleaned.get(f"round-{name}") or Rounding.CENT
        try:
            value = None if operation in VALUELESS else self.value_of(field, operation, cleaned)
        except ValidationError as error:
            self.add_error(f"value-{name}", error)
            return None
        return Edit(field, operation, value, rounding)

    def value_of(self, field: Any, operation: Operation, cleaned: dict[str, Any]) -> Any:
        """Return the value that an operation works with; raises ValidationError."""
        given = cleaned.get(f"value-{field.name}")
        if operation in ARITHMETIC:
            return NUMBER.clean(given)
        if operation in (Operation.ADD_TAG, Operation.REMOVE_TAG):
            return field.base_field.clean(str(given or "").strip(), None)
        if is_number(field) or is_tags(field):
            given = field.formfield().clean(given)
        if given in (None, ""):
            raise ValidationError(_("Enter a value. To empty the field, choose “Clear”."))
        return given.pk if isinstance(given, models.Model) else given
