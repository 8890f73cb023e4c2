"""Files of report runs: rows as they stream, with totals and with what was asked, when and by whom."""

from collections.abc import Sequence
from decimal import Decimal
from typing import IO, Any

import orjson
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from backoffice.changes.sealing.services import head
from backoffice.spreadsheets.writers import Ending, SheetColumn, replacing, write_sheet
from backoffice.spreadsheets.writers import Kind as CellKind
from reports.catalogue.base import Column, Kind, Report, Row
from reports.execution import Reading
from reports.formats import as_plain, exact, in_words
from reports.models import Format, ReportRun

CELLS = {
    Kind.TEXT: CellKind.TEXT,
    Kind.CODE: CellKind.TEXT,
    Kind.INTEGER: CellKind.INTEGER,
    Kind.AMOUNT: CellKind.DECIMAL,
    Kind.PERCENT: CellKind.DECIMAL,
    Kind.NUMBER: CellKind.DECIMAL,
    Kind.DATE: CellKind.DATE,
    Kind.MONTH: CellKind.DATE,
}


def write_report(run: ReportRun, reading: Reading) -> None:
    """Write the rows of `reading` to the path of `run`, in its format; a failure leaves no file.

    Rows beyond the last of a sheet go on in another; the totals stand below the last of them.
    """
    if run.format == Format.JSON:
        with replacing(run.path) as file:
            _write_json(run, reading, file)
    else:
        columns = [_sheet_column(column) for column in reading.report.columns]
        ending = Ending(totals=lambda: _totals_row(reading), about=lambda: _about(run, reading))
        rows = (_exact_row(row, columns, reading.report) for row in reading)
        write_sheet(run.path, columns, rows, split=True, ending=ending)


def _sheet_column(column: Column) -> SheetColumn:
    return SheetColumn(str(column.label), CELLS[column.kind], width=32 if column.kind == Kind.TEXT else 14)


def _exact_row(row: Row, columns: list[SheetColumn], report: Report) -> list[Any]:
    """Return the row with decimals to their last digit, and no zeros after it: 748957.02, not 748957.0200."""
    return [
        in_words(value, declared)
        if declared.choices
        else Decimal(exact(value))
        if column.kind is CellKind.DECIMAL and value is not None
        else value
        for value, column, declared in zip(row, columns, report.columns, strict=True)
    ]


def _totals_row(reading: Reading) -> Sequence[Any]:
    """Return the totals under their columns. A label stands in the first column where that holds texts."""
    first, *others = reading.report.columns
    label = _("Total") if CELLS[first.kind] is CellKind.TEXT else None
    return [label, *(reading.totals.get(column.name) for column in others)]


def _about(run: ReportRun, reading: Reading) -> list[tuple[str, str]]:
    report = reading.report
    asked = [(_label(report, name), str(value)) for name, value in run.parameters.items() if value not in {None, ""}]
    totals = [
        (_("Total: %(column)s") % {"column": column.label}, in_words(reading.totals[column.name], column))
        for column in report.columns
        if column.name in reading.totals
    ]
    return [
        (_("Report"), run.title),
        (_("What it says"), str(report.description)),
        *asked,
        (_("First day"), run.resolved["from"] or _("open")),
        (_("Last day"), run.resolved["to"] or _("open")),
        (_("Amounts in"), report.currency(reading.question)),
        (_("Data as of"), _moment(reading)),
        (_("Run by"), run.requested_words),
        (_("Run"), str(run.pk)),
        (_("Rows"), str(reading.row_count)),
        (_("History sealed"), _seal()),
        *totals,
    ]


def _seal() -> str:
    """Return the newest seal of the history: one more record of it that the database does not reach."""
    seal = head()
    return f"{seal.number} {seal.hash}" if seal else _("not yet")


def _label(report: Report, name: str) -> str:
    return str(report.parameters().fields[name].label)


def _moment(reading: Reading) -> str:
    local = timezone.localtime(reading.as_of)
    return f"{date_format(local, 'j M Y, H:i:s')} {local.tzname()}"


def _write_json(run: ReportRun, reading: Reading, file: IO[bytes]) -> None:
    declared = reading.report.columns
    columns = [{"name": column.name, "label": str(column.label), "kind": column.kind.value} for column in declared]
    head = {
        "report": run.report,
        "title": run.title,
        "parameters": run.parameters,
        **run.resolved,
        "as_of": reading.as_of,
        "currency": reading.report.currency(reading.question),
        "columns": columns,
    }
    names = [column.name for column in declared]
    file.write(orjson.dumps(head)[:-1] + b',"rows":[')
    for row in reading:
        file.write(b"\n" if reading.row_count == 1 else b",\n")
        file.write(orjson.dumps(dict(zip(names, row, strict=True)), default=as_plain))
    tail = {"totals": reading.totals, "row_count": reading.row_count}
    file.write(b"],\n" + orjson.dumps(tail, default=as_plain)[1:] + b"\n")
