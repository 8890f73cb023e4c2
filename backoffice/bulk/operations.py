"""What may be done to one field of many rows, and how numbers are rounded.

All arithmetic is decimal. Half is rounded up, away from zero: 0.125 to the cent is 0.13. A price to .99 becomes the
nearest price that ends so, the dearer one of two that are equally near, and never less than 0.99; zero stays zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from backoffice.changes.words import Words, plain

CENT = Decimal("0.01")


class Operation(models.TextChoices):
    """What is done to a field."""

    SET = "set", _("Set to")
    CLEAR = "clear", _("Clear")
    ADD = "add", _("Add")
    SUBTRACT = "subtract", _("Subtract")
    MULTIPLY = "multiply", _("Multiply by")
    PERCENT = "percent", _("Change by per cent")
    ROUND = "round", _("Round")
    ADD_TAG = "add_tag", _("Add tag")
    REMOVE_TAG = "remove_tag", _("Remove tag")


class Rounding(models.TextChoices):
    """To what a number is rounded."""

    CENT = "0.01", _("to the cent")
    FIVE_CENTS = "0.05", _("to 0.05")
    TEN_CENTS = "0.10", _("to 0.10")
    WHOLE = "1", _("to whole numbers")
    NINETY_NINE = "0.99", _("to .99")
    NOT = "not", _("not at all")


ARITHMETIC = (Operation.ADD, Operation.SUBTRACT, Operation.MULTIPLY, Operation.PERCENT, Operation.ROUND)
VALUELESS = (Operation.CLEAR, Operation.ROUND)
SETTABLE = (
    models.BooleanField,
    models.CharField,
    models.DateField,
    models.ForeignKey,
    models.TextField,
)
WORDS: dict[str, Any] = {
    Operation.SET: "%(field)s: %(value)s",
    Operation.CLEAR: _("%(field)s: empty"),
    Operation.ADD: "%(field)s: +%(value)s",
    Operation.SUBTRACT: "%(field)s: -%(value)s",
    Operation.MULTIPLY: "%(field)s: ×%(value)s",
    Operation.PERCENT: "%(field)s: %(value)s %%",
    Operation.ROUND: "%(field)s",
    Operation.ADD_TAG: _("%(field)s: add “%(value)s”"),
    Operation.REMOVE_TAG: _("%(field)s: remove “%(value)s”"),
}


def is_number(field: Any) -> bool:
    """Whether a field can be calculated with."""
    return isinstance(field, models.DecimalField | models.IntegerField) and not field.choices


def is_tags(field: Any) -> bool:
    """Whether a field is a list of words."""
    return isinstance(field, ArrayField) and isinstance(field.base_field, models.CharField)


def may_be_empty(field: Any) -> bool:
    """Whether a field may be without a value."""
    return bool(field.null or (field.blank and field.empty_strings_allowed) or (field.blank and is_tags(field)))


def operations_for(field: Any) -> list[Operation]:
    """Return what can be done to a field, nothing for a field that one row alone may have."""
    if is_tags(field):
        return [Operation.ADD_TAG, Operation.REMOVE_TAG, Operation.SET, Operation.CLEAR]
    offered = [Operation.SET, *(ARITHMETIC if is_number(field) else ())]
    if not is_number(field) and not isinstance(field, SETTABLE):
        return []
    if isinstance(field, models.IntegerField):
        offered.remove(Operation.ROUND)
    return [*offered, *([Operation.CLEAR] if may_be_empty(field) else [])]


def empty_value(field: Any) -> Any:
    """Return what stands for no value in a field."""
    if is_tags(field):
        return []
    return None if field.null else ""


def rounded(number: Decimal, rounding: str, places: int) -> Decimal:
    """Return `number` rounded, half up; `places` are those that the field has."""
    if rounding == Rounding.NOT:
        return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if rounding == Rounding.NINETY_NINE:
        nearest = (number + CENT).quantize(Decimal(1), ROUND_HALF_UP) - CENT
        return max(nearest, Decimal("0.99")) if number else number
    step = Decimal(rounding)
    return (number / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def calculated(operation: str, number: Decimal, value: Decimal) -> Decimal:
    """Return `number` after an operation, before it is rounded."""
    if operation == Operation.ADD:
        return number + value
    if operation == Operation.SUBTRACT:
        return number - value
    if operation == Operation.MULTIPLY:
        return number * value
    if operation == Operation.PERCENT:
        return number * (100 + value) / 100
    return number


@dataclass(frozen=True)
class Edit:
    """What is done to one field: `value` is that of the field itself, a number to calculate with, or a tag."""

    field: Any
    operation: str
    value: Any = None
    rounding: str = Rounding.CENT

    def apply(self, old: Any) -> Any:
        """Return the new value of the field. What is empty stays so, whatever is added to it."""
        if self.operation == Operation.SET:
            return self.value
        if self.operation == Operation.CLEAR:
            return empty_value(self.field)
        if self.operation == Operation.ADD_TAG:
            return old if self.value in old else [*old, self.value]
        if self.operation == Operation.REMOVE_TAG:
            return [tag for tag in old if tag != self.value]
        if old is None:
            return None
        number = calculated(self.operation, Decimal(old), self.value or Decimal(0))
        if isinstance(self.field, models.IntegerField):
            return int(rounded(number, Rounding.WHOLE, 0))
        return rounded(number, self.rounding, self.field.decimal_places)

    def in_words(self) -> str:
        """Return what is done, as a person reads it."""
        return str(WORDS[self.operation]) % {"field": capfirst(self.field.verbose_name), "value": self.shown()} + (
            f", {Rounding(self.rounding).label}" if self.rounds else ""
        )

    @property
    def rounds(self) -> bool:
        """Whether its rounding is of consequence."""
        return self.operation in ARITHMETIC and isinstance(self.field, models.DecimalField)

    def shown(self) -> str:
        if self.operation == Operation.SET:
            return Words([(self.field, self.value)]).of(self.field, self.value)
        if self.operation == Operation.PERCENT:
            return f"{self.value.normalize():+f}"
        if not isinstance(self.value, Decimal):
            return str(self.value or "")
        is_amount = isinstance(self.field, models.DecimalField) and self.operation != Operation.MULTIPLY
        return plain(self.value) if is_amount else f"{self.value.normalize():f}"

    def stored(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "field": self.field.name,
            "operation": str(self.operation),
            "value": self.value,
            "rounding": str(self.rounding),
        }

    @classmethod
    def restored(cls, model: type[models.Model], stored: Mapping[str, Any]) -> Self:
        """Return what `stored` described."""
        field: Any = model._meta.get_field(stored["field"])
        value = stored["value"]
        if stored["operation"] in ARITHMETIC:
            value = None if value is None else Decimal(value)
        elif stored["operation"] == Operation.SET:
            value = field.to_python(value)
        return cls(field, stored["operation"], value, stored["rounding"])


def title_of(edits: list[Edit]) -> str:
    """Return what several edits do, as the title of a run."""
    title = "; ".join(edit.in_words() for edit in edits)
    return title if len(title) <= 255 else _now("%(count)s fields") % {"count": len(edits)}
