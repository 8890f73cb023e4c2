"""Rows that PostgreSQL writes itself, as the lines of a file: none of their values passes through Python."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from gzip import GzipFile
from itertools import islice
from typing import IO, Any

from django.db import connection

from backoffice.spreadsheets.formulas import neutralised_sql
from backoffice.spreadsheets.writers.base import Kind, SheetColumn
from backoffice.spreadsheets.writers.texts import reads_utc

BLOCK = 500
WATCHED = 10_000
# Lines go out as they are: nothing in them is quoted, as none of these signs and no line break is left in a text.
AS_IT_IS = r"FORMAT csv, QUOTE E'\x01', ESCAPE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8'"


@dataclass(frozen=True)
class Source:
    """A SELECT, and how its columns are written; `%` stands doubled in the query.

    `watch` is told now and then how many rows were read.
    """

    query: str
    params: Sequence[Any]
    columns: Sequence[SheetColumn]
    watch: Callable[[int], None] | None = None

    @property
    def names(self) -> list[str]:
        """What its columns are called in SQL that renders them."""
        return [f"c{number}" for number in range(len(self.columns))]

    @property
    def relation(self) -> str:
        """SQL for a FROM clause: its rows as `source`, with the columns `names`."""
        return f"({self.query}) AS source ({', '.join(self.names)})"

    def lines(self, query: str, options: str = AS_IT_IS) -> Iterator[bytes]:
        """Yield the lines that COPY makes of a query over its rows; without `options` its one column as it is."""
        # Without parameters psycopg leaves doubled percent signs as they are.
        select = query if self.params else query.replace("%%", "%")
        statement = f"COPY ({select}) TO STDOUT ({options})"
        with connection.cursor() as cursor, cursor.copy(statement.encode(), tuple(self.params) or None) as copy:
            if self.watch is None:
                yield from copy
                return
            for count, line in enumerate(copy, 1):
                yield line
                if count % WATCHED == 0:
                    self.watch(count)


def copy_csv(source: Source, file: IO[bytes] | GzipFile) -> int:
    """Stream the rows to a file as CSV, without a header, and return how many there were."""
    cells = ", ".join(
        exported_sql(name, column.kind) for name, column in zip(source.names, source.columns, strict=True)
    )
    lines = source.lines(f"SELECT {cells} FROM {source.relation}", "FORMAT csv, ENCODING 'UTF8'")
    count = 0
    for block in blocks(lines):
        file.write(b"".join(block))
        count += len(block)
    return count


def blocks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield lines a block at a time, for what is quicker done to many of them."""
    remaining = iter(lines)
    while block := list(islice(remaining, BLOCK)):
        yield block


def exported_sql(expression: str, kind: Kind) -> str:
    """Return the SQL that exports an expression of the kind as the Python writer of CSV does."""
    match kind:
        case Kind.TEXT:
            return neutralised_sql(expression)
        case Kind.WORDS:
            return neutralised_sql(f"array_to_string({expression}, ', ')")
        case Kind.BOOLEAN:
            return f"({expression})::text"
        case Kind.DATETIME if reads_utc():
            return f"({expression} AT TIME ZONE 'UTC')"
        case _:
            return expression
