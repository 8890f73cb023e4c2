"""Texts, codes and e-mail addresses."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.spreadsheets.readers import Cell
from backoffice.spreadsheets.values.base import BadValue, Converter, number_as_shown, shown

LINE_BREAKS = "\n\r\t"
# How Excel writes a long number into a CSV file: the digits that are missing are gone.
SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}")
SAFE_DIGITS = 15


@dataclass(frozen=True, kw_only=True)
class TextValue(Converter):
    """A text of at most `max_length` characters, trimmed, composed (NFC); several lines only where `multiline`.

    Where there is a `pattern`, a regular expression, all of the text must match it; it is written `like` this one.
    """

    max_length: int | None = None
    multiline: bool = False
    upper: bool = False
    pattern: str = ""
    like: str = ""

    # A text that holds one of these is looked at alone: what exports neutralise, and what COPY escapes.
    suspicious: ClassVar[tuple[str, ...]] = ("'", "\\")

    def plain_texts(self, cells: Sequence[Cell]) -> list[str] | None:
        """Judge plain texts together, which takes a tenth of the time."""
        if {*map(type, cells)} != {str}:
            return None
        together = "".join(cast("Sequence[str]", cells))
        if not (together.isascii() and together.isprintable()) or any(sign in together for sign in self.suspicious):
            return None
        texts = [text.strip() for text in cast("Sequence[str]", cells)]
        if self.upper:
            texts = [text.upper() for text in texts]
        is_long = self.max_length is not None and max(map(len, texts)) > self.max_length
        return None if is_long or (self.required and not all(texts)) else texts

    def convert_text(self, text: str) -> str:
        """Return the text. Plain ASCII, nearly all there is, needs no closer look."""
        if not (text.isascii() and text.isprintable()):
            text = self._checked(text)
        if self.upper:
            text = text.upper()
        if self.max_length is not None and len(text) > self.max_length:
            raise self._too_long(len(text))
        if self.pattern and not re.fullmatch(self.pattern, text):
            message = _("“%(value)s” does not fit here. Write it like %(like)s.")
            raise BadValue("pattern", message % {"value": shown(text), "like": self.like})
        return text

    def _too_long(self, length: int) -> BadValue:
        message = ngettext(
            "The text has %(length)d characters; %(limit)d is the most. Shorten it.",
            "The text has %(length)d characters; %(limit)d are the most. Shorten it.",
            self.max_length or 0,
        )
        return BadValue("too_long", message % {"length": length, "limit": self.max_length})

    def _checked(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        for sign in text:
            if self._is_refused(sign):
                message = _("The text holds the invisible character U+%(code)04X. Delete it.")
                if sign in LINE_BREAKS:
                    message = _("The text holds a line break or a tab. Write it on one line.")
                raise BadValue("control_character", message % {"code": ord(sign)})
        return text

    def _is_refused(self, sign: str) -> bool:
        """Say whether a character has no place in the text; joiners and marks of direction belong to some scripts."""
        return unicodedata.category(sign) in {"Cc", "Cs"} and not (self.multiline and sign in LINE_BREAKS)

    def convert_typed(self, cell: Any) -> str:
        """Return a number as Excel shows it; a date or a truth value would be a guess at what was typed."""
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            message = _(
                "The cell holds “%(value)s” as a date or truth value. Format the column as text and type it again."
            )
            raise BadValue("text", message % {"value": shown(cell)})
        return self.convert_text(format(number_as_shown(cell), "f"))


@dataclass(frozen=True, kw_only=True)
class CodeValue(TextValue):
    """A code that identifies something: one line, no invisible characters, digits exactly as written.

    A whole number of a workbook is its digits. What Excel has already spoilt is refused: more digits than it keeps,
    scientific notation, dates.
    """

    suspicious = (*TextValue.suspicious, "E+")

    def convert_text(self, text: str) -> str:
        """Return the code."""
        if "E+" in text and SCIENTIFIC.fullmatch(text):
            message = _("%(value)s has lost digits in Excel. Format the column as text and enter the code again.")
            raise BadValue("code_precision", message % {"value": text})
        return super().convert_text(text)

    def _is_refused(self, sign: str) -> bool:
        return unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}

    def convert_typed(self, cell: Any) -> str:
        """Return the digits of a whole number."""
        if not isinstance(cell, bool) and isinstance(cell, int | float):
            number = number_as_shown(cell)
            if number != number.to_integral_value():
                message = _("%(value)s is a number with decimals, not a code. Format the column as text.")
                raise BadValue("code", message % {"value": shown(number)})
            if number.adjusted() >= SAFE_DIGITS:
                message = _(
                    "Excel keeps only 15 digits of a number. Format the column as text and enter the code again."
                )
                raise BadValue("code_precision", message)
        return super().convert_typed(cell)


@dataclass(frozen=True, kw_only=True)
class EmailValue(TextValue):
    """An e-mail address."""

    max_length: int | None = 254

    def plain_texts(self, cells: Sequence[Cell]) -> None:
        """Leave each address to be looked at."""

    def convert_text(self, text: str) -> str:
        """Return the address as written."""
        address: str = super().convert_text(text)
        try:
            validate_email(address)
        except ValidationError as error:
            message = _("“%(value)s” is not an e-mail address. Write it like name@example.com.")
            raise BadValue("email", message % {"value": shown(address)}) from error
        return address
