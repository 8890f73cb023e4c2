"""The rows of a file that were refused, in its own columns, with the reason beside them.

Corrected and uploaded again, such a file is an import like any other: it leaves the column of reasons out.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter
from django.db import connection
from django.utils.translation import gettext as _

from backoffice.spreadsheets.formulas import neutralise, restore
from backoffice.spreadsheets.mapping import REASON_HEADER, is_reason
from backoffice.spreadsheets.progress import Watch, unwatched
from backoffice.spreadsheets.readers import Cell, Sheet
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values.base import number_as_shown
from backoffice.spreadsheets.writers import SheetColumn, replacing
from backoffice.spreadsheets.writers.cells import FIRST_DAY, SAFE_DIGITS
from backoffice.spreadsheets.writers.files import suffix_of, write_csv
from backoffice.spreadsheets.writers.workbook import ROWS_A_SHEET, too_many_rows

BAD_COLOUR = "#F8CBAD"
REASON_WIDTH = 80
FORMATS = {"text": "@", "number": "General", "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm:ss"}


ROWS_A_WATCH = 5_000


class RefusedRow(NamedTuple):
    """A row of the file as it was read, the headers of its bad cells, and why each was refused."""

    cells: Sequence[Cell]
    bad: frozenset[str]
    reason: str


def write_error_file(*, sheet: Sheet, stage: Stage, path: Path, watch: Watch = unwatched) -> int:
    """Write the refused rows of `sheet` to a .csv, .csv.gz or .xlsx file and return how many there were.

    In XLSX the bad cells are coloured. `watch` is told now and then how many rows of the sheet were read.
    Runs in a transaction. Raises UnwritableFile.
    """
    kept = [place for place, header in enumerate(sheet.headers) if not is_reason(header)]
    headers = [sheet.headers[place] for place in kept]
    rows = (row._replace(cells=[row.cells[place] for place in kept]) for row in _refused(sheet, stage, watch))
    with replacing(path) as file:
        if suffix_of(path) == ".xlsx":
            return _write_workbook(file, headers, rows)
        columns = [SheetColumn(header) for header in (*headers, str(REASON_HEADER))]
        return write_csv(file, columns, ([*map(_as_text, row.cells), row.reason] for row in rows))


def _refused(sheet: Sheet, stage: Stage, watch: Watch) -> Iterator[RefusedRow]:
    """Read file and problems side by side: both are in the order of the rows, neither is kept in memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT row, array_agg(header ORDER BY header), array_agg(message ORDER BY header)"
            f" FROM {stage.problems} GROUP BY row ORDER BY row"
        )
        problems = iter(cursor)
        wanted = next(problems, None)
        for count, row in enumerate(sheet.rows):
            if wanted is None:
                return
            if count % ROWS_A_WATCH == 0:
                watch(_("Writing the refused rows"), count, sheet.row_estimate or 0)
            if row.number == wanted[0]:
                yield RefusedRow(row.cells, frozenset(wanted[1]), _reason(*wanted[1:]))
                wanted = next(problems, None)


def _reason(headers: Sequence[str], messages: Sequence[str]) -> str:
    return " ".join(
        f"{header}: {message}" if header else message for header, message in zip(headers, messages, strict=True)
    )


def _as_text(cell: Cell) -> str | None:
    """Return a cell as the text that is read as the same value."""
    if cell is None or isinstance(cell, str):
        return restore(cell) if cell else None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return format(number_as_shown(cell), "f")


def _write_workbook(file: Any, headers: Sequence[str], rows: Iterator[RefusedRow]) -> int:
    count = 0
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        looks = {
            (name, is_bad): book.add_format({"num_format": form} | ({"bg_color": BAD_COLOUR} if is_bad else {}))
            for name, form in FORMATS.items()
            for is_bad in (False, True)
        }
        sheet = book.add_worksheet(_("Refused"))
        sheet.freeze_panes(1, 0)
        sheet.set_column(len(headers), len(headers), REASON_WIDTH)
        for place, header in enumerate((*headers, str(REASON_HEADER))):
            sheet.write_string(0, place, neutralise(header), book.add_format({"bold": True}))
        for count, row in enumerate(rows, 1):
            if count > ROWS_A_SHEET:
                raise too_many_rows()
            for place, (header, cell) in enumerate(zip(headers, row.cells, strict=True)):
                _write_cell(sheet, count, place, cell, looks, is_bad=header in row.bad)
            sheet.write_string(count, len(headers), neutralise(row.reason), looks["text", False])
    return count


def _write_cell(sheet: Any, number: int, place: int, cell: Cell, looks: dict[Any, Any], *, is_bad: bool) -> None:
    """Write a cell with the type that it was read with; what a workbook cannot hold so is a text."""
    if cell is None or cell == "":
        sheet.write_blank(number, place, None, looks["text", is_bad])
    elif isinstance(cell, bool):
        sheet.write_boolean(number, place, cell, looks["number", is_bad])
    elif isinstance(cell, date) and (cell.date() if isinstance(cell, datetime) else cell) >= FIRST_DAY:
        look = looks["moment" if isinstance(cell, datetime) else "date", is_bad]
        sheet.write_datetime(number, place, cell, look)
    elif isinstance(cell, int | float) and len(_as_text(cell) or "") <= SAFE_DIGITS:
        sheet.write_number(number, place, cell, looks["number", is_bad])
    else:
        sheet.write_string(number, place, neutralise(_as_text(cell) or ""), looks["text", is_bad])
