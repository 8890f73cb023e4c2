"""Columns of a spreadsheet: import-export fields that know our converters, headers and the rule for blank cells."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.widgets import Widget

from backoffice.spreadsheets.values import (
    BadValue,
    BooleanValue,
    Converter,
    DateTimeValue,
    DateValue,
    DecimalValue,
    IntegerValue,
    TextValue,
)

SQL_TYPES: tuple[tuple[type, str], ...] = (
    (IntegerValue, "integer"),
    (DecimalValue, "numeric"),
    (BooleanValue, "boolean"),
    (DateTimeValue, "timestamptz"),
    (DateValue, "date"),
)


class Blank(Enum):
    """What a blank cell means for a row that exists. A column that is absent always leaves things as they are."""

    CLEARS = "clears"
    KEEPS = "keeps"


class ConverterWidget(Widget):
    """Our strict converter in the place where import-export looks for one."""

    def __init__(self, convert: Converter) -> None:
        super().__init__()
        self.convert = convert

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """Return the converted cell; ValueError is how import-export learns of a bad one."""
        try:
            return self.convert(value)
        except BadValue as bad:
            raise ValueError(str(bad.message)) from bad

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """Return the value as it is; the writers know how each type is written."""
        return value


@dataclass(frozen=True)
class Lookup:
    """How the words in a column find rows of another table.

    `relation` is SQL that yields the columns `word` (upper case) and `id`. `unknown` and `ambiguous` are sentences
    with one `%s` for the word. A word that fits several rows is fine where the row to update has one of them now.
    """

    relation: str
    unknown: Any
    ambiguous: Any


class Column(Field):
    """A column: which attribute it fills, the headers it is known by, and how its cells are converted.

    `attribute` is a path for the ORM ("category__name"). `target` is the column of the model's table that it
    fills, for columns whose path leads elsewhere. Where all `carried` columns of a row are blank, it goes on with what
    stands above it, as the further lines of an order do.
    """

    def __init__(  # noqa: PLR0913 - a declaration, by keywords
        self,
        attribute: str,
        convert: Converter,
        *,
        label: Any,
        aliases: Iterable[str] = (),
        required: bool = False,
        blank: Blank = Blank.CLEARS,
        help_text: Any = "",
        target: str | None = None,
        lookup: Lookup | None = None,
        sql_type: str | None = None,
        exported: bool = True,
        carried: bool = False,
    ) -> None:
        super().__init__(attribute=attribute, column_name=str(label), widget=ConverterWidget(convert))
        self.convert = convert
        self.label = label
        self.aliases = tuple(aliases)
        self.required = required
        self.blank = blank
        self.help_text = help_text
        self.target = target or attribute
        self.lookup = lookup
        self.sql_type = sql_type or next((name for kind, name in SQL_TYPES if isinstance(convert, kind)), "text")
        self.exported = exported
        self.carried = carried

    def headers_it_knows(self, name: str) -> set[str]:
        """Return all spellings that this column is found by, as `plain` writes them."""
        return {plain(text) for text in (name, str(self.label), *self.aliases)}

    def blank_rule(self) -> str:
        """Return what a blank cell does, in words, for help texts."""
        if self.required:
            return _("Every row needs it.")
        if self.blank is Blank.KEEPS:
            return _("A blank cell leaves it as it is; a new row gets the usual value.")
        return _("A blank cell clears it.")


def plain(header: str) -> str:
    """Return a header without case, spaces and punctuation: "Unit price", "unit_price" and "UnitPrice" are one."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", header).casefold() if sign.isalnum())


@dataclass(frozen=True, kw_only=True)
class WordsValue(Converter):
    """Several short texts in one cell, separated by commas; each once, in the order written."""

    max_length: int

    def convert_text(self, text: str) -> list[str] | None:
        """Return the words of a trimmed text."""
        words = list(dict.fromkeys(filter(None, (word.strip() for word in text.split(",")))))
        if any(len(word) > self.max_length for word in words):
            message = _("Each of the words may have %(count)d characters. Shorten the long one.")
            raise BadValue("too_long", message % {"count": self.max_length})
        return words or None

    def convert_typed(self, cell: Any) -> list[str] | None:
        """Return a number as the one word that Excel shows."""
        return self.convert_text(str(TextValue()(cell)))
