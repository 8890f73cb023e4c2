"""Strict converters from a cell to a value of a column.

Each is a small object that is made once for a column and called with a cell; it returns the value, None for a blank
cell, or raises BadValue. Nothing is rounded, cut or guessed: what can be read in two ways, or would lose something, is
refused with what to write instead.
"""

from backoffice.spreadsheets.values.base import BadValue, Converter, Replacing
from backoffice.spreadsheets.values.choices import BooleanValue, ChoiceValue
from backoffice.spreadsheets.values.moments import DateTimeValue, DateValue
from backoffice.spreadsheets.values.numbers import DecimalValue, IntegerValue
from backoffice.spreadsheets.values.texts import CodeValue, EmailValue, TextValue

__all__ = [
    "BadValue",
    "BooleanValue",
    "ChoiceValue",
    "CodeValue",
    "Converter",
    "DateTimeValue",
    "DateValue",
    "DecimalValue",
    "EmailValue",
    "IntegerValue",
    "Replacing",
    "TextValue",
]
