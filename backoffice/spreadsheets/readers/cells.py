"""One cell of a sheet: from its type, style and text to a value."""

import math
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import Cell, FaultyCell
from backoffice.spreadsheets.readers.serials import date_of_serial
from backoffice.spreadsheets.readers.texts import unescaped
from backoffice.spreadsheets.readers.xml import damaged_workbook


@dataclass(frozen=True)
class WorkbookFacts:
    """What the sheets of a workbook share: texts, styles that show dates, and whether formulas have results."""

    texts: list[str]
    date_styles: frozenset[str]
    since_1904: bool
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
        if style in self.date_styles:
            return date_of_serial(float(text), since_1904=self.since_1904, text=text)
        try:
            return int(text)
        except ValueError:
            number = float(text)
        return number if math.isfinite(number) else no_number(text)


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
