"""What all converters share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from backoffice.spreadsheets.formulas import restore
from backoffice.spreadsheets.readers import Cell, FaultyCell


class BadValue(ValidationError):
    """A cell that cannot become a value: `rule` is a stable slug, `message` one or two sentences with the remedy."""

    rule: str
    message: str

    def __init__(self, rule: str, message: str) -> None:
        """Keep the rule as the error's code as well."""
        super().__init__(message, code=rule)
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class Converter:
    """Calls `convert_text` or `convert_typed` for a cell that is neither blank nor faulty."""

    required: bool = False

    def __call__(self, cell: Cell) -> Any:
        """Return the value of a cell, None if it is blank. Raises BadValue."""
        if isinstance(cell, FaultyCell):
            raise BadValue(cell.rule, cell.message)
        if isinstance(cell, str):
            text = restore(cell).strip()
            return self.convert_text(text) if text else self._blank()
        return self._blank() if cell is None else self.convert_typed(cell)

    convert = __call__

    def _blank(self) -> None:
        if self.required:
            raise BadValue("required", _("The cell is blank. Enter a value."))

    def plain_texts(self, cells: Sequence[Cell]) -> list[str] | None:
        """Return the texts of a column, empty for blank cells; None if its cells are to be looked at one by one."""
        return None

    def convert_text(self, text: str) -> Any:
        """Return the value of a trimmed text that is not empty."""
        raise NotImplementedError

    def convert_typed(self, cell: Any) -> Any:
        """Return the value of a cell that a workbook stores as a number, a truth value or a date."""
        raise NotImplementedError


@dataclass(frozen=True)
class Replacing:
    """A converter before which words of a file give way to others: "GB" to "United Kingdom". `words` are casefolded."""

    convert: Callable[[Any], Any]
    words: Mapping[str, str]

    def __call__(self, cell: Cell) -> Any:
        """Return the value of the word's replacement, or of the cell itself. Raises BadValue."""
        if cell is None or isinstance(cell, FaultyCell):
            return self.convert(cell)
        text = restore(cell) if isinstance(cell, str) else str(cell)
        return self.convert(self.words.get(text.strip().casefold(), cell))


def shown(cell: object) -> str:
    """Return a cell as a message quotes it: short, on one line."""
    return Truncator(" ".join(str(cell).split())).chars(40)


def number_as_shown(number: float | Decimal) -> Decimal:
    """Return a workbook's number with the 15 digits that Excel keeps and shows, so that 0.1 + 0.2 is 0.3."""
    return Decimal(f"{number:.15g}") if isinstance(number, float) else Decimal(number)
