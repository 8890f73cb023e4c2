"""Blank files to fill in: the columns of a kind of spreadsheet, and what goes into each."""

from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.exports import kind_of, sheet_column
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.values import ChoiceValue
from backoffice.spreadsheets.versions import VERSION
from backoffice.spreadsheets.writers import Kind, replacing, write_sheet
from backoffice.spreadsheets.writers.files import suffix_of

# Excel keeps the zeros of a code, and all digits of a long one, where the cells are texts.
FORMATS = {Kind.TEXT: "@", Kind.WORDS: "@", Kind.DATE: "yyyy-mm-dd", Kind.DATETIME: "yyyy-mm-dd hh:mm"}
WIDTH, EXPLAINED_WIDTH = 18, 90


def template_columns(resource: SheetResource) -> dict[str, Column]:
    """Return the columns of a template by name; the version is for rows that there are."""
    return {name: column for name, column in resource.columns.items() if column.exported and name != VERSION}


def write_template(resource: SheetResource, path: Path) -> int:
    """Write a .csv or .xlsx file and return how many rows it has: none. A workbook explains its columns beside."""
    columns = template_columns(resource)
    if suffix_of(path) != ".xlsx":
        return write_sheet(path, [sheet_column(name, column) for name, column in columns.items()], ())
    with replacing(path) as file, xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        sheet, about = book.add_worksheet(str(resource.title)[:31]), book.add_worksheet(_("About the columns"))
        sheet.freeze_panes(1, 0)
        about.set_column(0, 0, WIDTH * 2)
        about.set_column(1, 1, EXPLAINED_WIDTH)
        for place, column in enumerate(columns.values()):
            form: Any = book.add_format({"num_format": FORMATS.get(kind_of(column), "General")})
            sheet.set_column(place, place, max(WIDTH, len(str(column.label)) + 2), form)
            sheet.write_string(0, place, str(column.label), bold)
            about.write_string(place, 0, str(column.label), bold)
            about.write_string(place, 1, explained(column), plain)
    return 0


def explained(column: Column) -> str:
    """Return what goes into a column, and what a blank cell in it means."""
    convert = column.convert
    choices = (
        _("One of: %(choices)s.") % {"choices": ", ".join(convert.choices)} if isinstance(convert, ChoiceValue) else ""
    )
    unit = getattr(convert, "unit", "")
    measured = _("In %(unit)s.") % {"unit": unit} if unit else ""
    return " ".join(filter(None, (str(column.help_text), measured, choices, column.blank_rule())))
