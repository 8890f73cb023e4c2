"""Whole numbers and decimals. Neither is ever rounded."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.spreadsheets.values.base import BadValue, Converter, number_as_shown, shown

PLAIN = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:[, '\u00a0\u202f][0-9]{3})+(?:\.[0-9]+)?")
SCIENTIFIC = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]{1,3}")
# Points group digits in front of a decimal comma, where one follows; without it they could be either.
WITH_COMMA = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+(?=,))?(?:,[0-9]+)?")
# The bounds of PostgreSQL's integer.
SMALLEST_INTEGER = -(2**31)
LARGEST_INTEGER = 2**31 - 1

type DecimalSign = Literal[".", ","]


@dataclass(frozen=True, kw_only=True)
class NumberValue(Converter):
    """What whole numbers and decimals share: plain notation, with a point or a comma before decimals, and bounds."""

    rule = "number"
    decimal: DecimalSign = "."
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None

    def convert_text(self, text: str) -> Any:
        """Return the number that plain notation stands for."""
        plain = text if self.decimal == "." else with_point(text)
        if not PLAIN.fullmatch(plain):
            raise BadValue(self.rule, not_plain(text) if self.decimal == "." else not_plain_with_comma(text))
        return self._bounded(Decimal(plain))

    def convert_typed(self, cell: Any) -> Any:
        """Return the number of a workbook's numeric cell."""
        if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
            message = _("“%(value)s” is a date or truth value, not a number. Enter a number and format it as one.")
            raise BadValue(self.rule, message % {"value": shown(cell)})
        number = number_as_shown(cell)
        if not number.is_finite():
            raise BadValue(self.rule, not_plain(str(cell)))
        return self._bounded(number)

    def _bounded(self, number: Decimal) -> Any:
        if self.minimum is not None and number < self.minimum:
            message = _("%(value)s is too small; %(bound)s is the least. Correct it.")
            raise BadValue("too_small", message % {"value": shown(number), "bound": self.minimum})
        if self.maximum is not None and number > self.maximum:
            message = _("%(value)s is too large; %(bound)s is the most. Correct it.")
            raise BadValue("too_large", message % {"value": shown(number), "bound": self.maximum})
        return self.finish(number)

    def finish(self, number: Decimal) -> Any:
        """Return the number in the column's own type."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class IntegerValue(NumberValue):
    """A whole number within PostgreSQL's integer unless bounds are given. `12.0` is 12, `1.5` is refused."""

    rule = "integer"
    minimum: int | Decimal | None = SMALLEST_INTEGER
    maximum: int | Decimal | None = LARGEST_INTEGER

    def finish(self, number: Decimal) -> int:
        """Return the number as int."""
        if number != number.to_integral_value():
            message = _("%(value)s is not a whole number. Write it without decimals.")
            raise BadValue("integer", message % {"value": shown(number)})
        return int(number)


@dataclass(frozen=True, kw_only=True)
class DecimalValue(NumberValue):
    """A decimal of at most `digits` digits, `places` of them after the point; zeros at the end do not count."""

    rule = "decimal"
    digits: int
    places: int

    def finish(self, number: Decimal) -> Decimal:
        """Return the number, with the zeros at the end that fit."""
        if number and number.adjusted() >= self.digits - self.places:
            message = ngettext(
                "%(value)s is too large; %(count)d digit before the point is the most. Correct it.",
                "%(value)s is too large; %(count)d digits before the point are the most. Correct it.",
                self.digits - self.places,
            )
            raise BadValue("too_large", message % {"value": shown(number), "count": self.digits - self.places})
        if -_exponent(number) <= self.places:
            return number
        return self._without_zeros(number)

    def _without_zeros(self, number: Decimal) -> Decimal:
        plain = number.normalize(Context(prec=len(number.as_tuple().digits)))
        if -_exponent(plain) > self.places:
            message = ngettext(
                "%(value)s has more than %(count)d decimal place. Round it as you mean it.",
                "%(value)s has more than %(count)d decimal places. Round it as you mean it.",
                self.places,
            )
            raise BadValue("decimal_places", message % {"value": shown(number), "count": self.places})
        return plain


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def not_plain(text: str) -> str:
    """Return what is wrong with a number that is not written plainly, and how to write it where that is certain."""
    if DECIMAL_COMMA.fullmatch(text) and not GROUPED.fullmatch(text):
        message = _("%(value)s has a decimal comma. Write %(plain)s.")
        return message % {"value": shown(text), "plain": text.replace(",", ".")}
    if GROUPED.fullmatch(text):
        message = _("%(value)s has separators between its digits. Write %(plain)s, or a point before decimals.")
        return message % {"value": shown(text), "plain": re.sub(r"[^0-9.+-]", "", text)}
    if SCIENTIFIC.fullmatch(text):
        return _("%(value)s is in scientific notation. Write all its digits.") % {"value": shown(text)}
    return _("“%(value)s” is not a number. Write digits only, with a point before decimals.") % {"value": shown(text)}


def with_point(text: str) -> str:
    """Return a number that is written with a decimal comma as it is written with a point; any other text as nothing."""
    return text.replace(".", "").replace(",", ".") if WITH_COMMA.fullmatch(text) else ""


def not_plain_with_comma(text: str) -> str:
    """Return what is wrong with a number in a file whose decimals stand behind a comma."""
    if PLAIN.fullmatch(text):
        message = _("%(value)s has a point, and this file is read with decimal commas. Write a comma before decimals.")
        return message % {"value": shown(text)}
    if SCIENTIFIC.fullmatch(text):
        return not_plain(text)
    return _("“%(value)s” is not a number. Write digits only, with a comma before decimals.") % {"value": shown(text)}
