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

DIGITS, STARTS = frozenset("0123456789"), frozenset("0123456789+-.,")
THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}
# What people write beside numbers: per cent, signs of currencies, and their codes.
UNIT = re.compile(r"[%‰\u20a0-\u20cf$£¥]|\b[A-Z]{3}\b")

type DecimalSign = Literal[".", ",", ""]


@dataclass(frozen=True, kw_only=True)
class NumberValue(Converter):
    """What whole numbers and decimals share: plain notation, with a point or a comma before decimals, unit and bounds.

    `decimal` is empty where a file settles neither: what reads two ways is refused then. The `unit` may stand before or
    behind the digits and is worth `per`: 15 % are 0.15 in a column of shares. Another unit is refused.
    """

    rule = "number"
    decimal: DecimalSign = "."
    unit: str = ""
    per: Decimal = Decimal(1)
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None

    def convert_text(self, text: str) -> Any:
        """Return the number that plain notation stands for."""
        if not (text[-1] in DIGITS and text[0] in STARTS):
            return self._with_unit(text)
        return self._bounded(self._number_of(text))

    def _number_of(self, text: str) -> Decimal:
        if self.decimal == "" and THOUSANDS.fullmatch(text):
            raise BadValue("decimal_ambiguous", with_two_readings(text))
        plain = with_point(text) if self.decimal == "," else text
        if not PLAIN.fullmatch(plain):
            raise BadValue(self.rule, not_plain_with_comma(text) if self.decimal == "," else not_plain(text))
        return Decimal(plain)

    def _with_unit(self, text: str) -> Any:
        """Return the number of a text with its unit, which may be the sign of a currency."""
        for spelling in filter(None, (self.unit, SIGNS.get(self.unit))):
            bare = text.removeprefix(spelling).removesuffix(spelling).strip()
            if bare and bare != text:
                return self._bounded(self._number_of(bare) * self.per)
        if UNIT.search(text) and any(sign in DIGITS for sign in text):
            message = _("“%(value)s” is not in %(unit)s, as this column is. Convert it, and write digits only.")
            if not self.unit:
                message = _("“%(value)s” has a unit, and this column has none. Write digits only.")
            raise BadValue("unit", message % {"value": shown(text), "unit": self.unit})
        return self._bounded(self._number_of(text))

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


def with_two_readings(text: str) -> str:
    """Return what is wrong with a number whose point may group digits or stand before decimals."""
    message = _(
        "%(value)s may be %(whole)s or have decimals. Write %(whole)s, or say that the file has decimal points."
    )
    return message % {"value": text, "whole": text.replace(".", "")}


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
