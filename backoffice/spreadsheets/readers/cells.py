"""One cell of a sheet: from its type, style and text to a value."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import Cell, FaultyCell
from backoffice.spreadsheets.readers.serials import LITERALS
from backoffice.spreadsheets.readers.texts import unescaped
from backoffice.spreadsheets.readers.xml import damaged_workbook

# A format of nothing but zeros gives codes their leading ones.
ZEROS = re.compile(r"0{2,}")


@dataclass(frozen=True)
class WorkbookFacts:
    """What the sheets of a workbook share: texts, styles that show a number as something else, whether formulas have
    results.
    """

    texts: list[str]
    shown_as: Mapping[str | None, Callable[[str], Cell]]
    never_calculated: bool

    def value(self, kind: str | None, style: str | None, text: str) -> Cell:
        """Return the value of a cell that is not blank. Whole numbers are int, others float."""
        if kind == "s":
            return self.texts[int(text)] or None
        if kind is None or kind == "n":
            return self._number(text, style)
        if kind in {"str", "inlineStr"}:
            return unescaped(text)
        if kind == "b":
            return text.strip() in {"1", "true"}
        if kind == "e":
            return error_cell(text)
        if kind == "d":
            return _date_of_text(text)
        raise damaged_workbook()

    def _number(self, text: str, style: str | None) -> Cell:
        if style in self.shown_as:
            return self.shown_as[style](text)
        if "." in text:  # an error caught below takes longer than all else that is done for a cell
            number = float(text)
        else:
            try:
                return int(text)
            except ValueError:
                number = float(text)
        return number if math.isfinite(number) else no_number(text)


def number_shown(code: str) -> Callable[[str], Cell] | None:
    """Return what makes of a number what its format shows: per cent, or a code with zeros; none for plain numbers."""
    if "%" in LITERALS.sub("", code.split(";", maxsplit=1)[0]):
        return percentage
    return partial(with_zeros, width=len(code)) if ZEROS.fullmatch(code) else None


def percentage(text: str) -> Cell:
    """Return a number as per cent: 0.2 is shown, and meant, as 20%."""
    number = float(text)
    return f"{Decimal(f'{number * 100:.15g}'):f}%" if math.isfinite(number) else no_number(text)


def with_zeros(text: str, *, width: int) -> Cell:
    """Return a code as it is shown: 12 as 00012."""
    return text.zfill(width) if text.isdigit() else text


def formula_without_result(formula: str) -> FaultyCell:
    """Return the cell of a formula that no program has calculated yet."""
    message = _("The formula has no calculated value. Open the file in Excel, save it, and upload it again.")
    return FaultyCell(formula, rule="formula", message=message)


def error_cell(text: str) -> FaultyCell:
    """Return the cell of a formula that came to an error."""
    message = _("The cell shows the error %(value)s. Correct it in the spreadsheet.") % {"value": text}
    return FaultyCell(text, rule="error_value", message=message)


def no_number(text: str) -> FaultyCell:
    """Return the cell of a number that is infinite or none."""
    message = _("The cell holds a number that no spreadsheet can show. Enter it again.")
    return FaultyCell(text, rule="number", message=message)


def _date_of_text(text: str) -> date | datetime:
    moment = datetime.fromisoformat(text)
    return moment if "T" in text else moment.date()
