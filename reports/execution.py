"""Reading a report: its rows as they stream from the database, counted and added up on the way."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from reports.behind import Behind
from reports.catalogue.base import Question, Report, Row, Sql

CHUNK = 2000
FIRST_ROWS = 10


class TooManyRowsError(Exception):
    """The report has more rows than whoever asked wants to wait for."""


class Reading:
    """One pass over the rows of a report, or over the records behind it, in flat memory; needs an open transaction.

    `row_count` and `totals` are whole once the rows are read. Totals are exact: integers, or decimals with all
    the digits that the rows have; a column without any value has none. `as_of` is the database's time just before
    the rows were read. With a `row_limit`, reading on beyond it raises TooManyRowsError. `keep` gets each whole row.
    """

    def __init__(
        self,
        report: Report | Behind,
        question: Question,
        *,
        row_limit: int | None = None,
        keep: Callable[[Row], None] | None = None,
    ) -> None:
        self.report: Any = report
        self.question = question
        self.row_limit = row_limit
        self.keep = keep
        self.row_count = 0
        self.summed = [(at, column.name) for at, column in enumerate(report.columns) if column.total]
        self.totals: dict[str, Decimal | int] = {name: 0 for _at, name in self.summed}
        self.first_rows: list[Row] = []
        self.as_of = database_time()

    def __iter__(self) -> Iterator[Row]:
        """Yield the values of the columns."""
        width = len(self.report.columns)
        for row in self.whole_rows():
            if self.row_count <= FIRST_ROWS:
                self.first_rows.append(row[:width])
            yield row[:width]

    def whole_rows(self) -> Iterator[Row]:
        """Yield the values of the columns, and after them what names the row."""
        empty = set(self.totals)
        for row in _stream(self.report.query(self.question)):
            self.row_count += 1
            if self.row_limit is not None and self.row_count > self.row_limit:
                raise TooManyRowsError
            for at, name in self.summed:
                if row[at] is not None:
                    self.totals[name] += row[at]
                    empty.discard(name)
            if self.keep is not None:
                self.keep(row)
            yield row
        for name in empty if self.row_count else ():
            del self.totals[name]

    def head(self, limit: int) -> list[Row]:
        """Return the first `limit` whole rows, having read all of them for the totals."""
        return [row for number, row in enumerate(self.whole_rows()) if number < limit]


def database_time() -> datetime:
    """Return the time on the clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return at


def _stream(query: Sql) -> Iterator[Row]:
    with connection.cursor() as cursor:
        # All rows are wanted: by default the planner favours the first ones of a cursor. Orders are gathered in memory.
        # Code is not compiled for the side of a rolled report that is not read.
        cursor.execute("SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
    with connection.chunked_cursor() as cursor:
        cursor.execute(query.text, dict(query.params))
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
