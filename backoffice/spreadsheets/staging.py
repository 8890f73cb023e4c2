"""The staging tables of one import: the cleaned rows of the file, the problems, and what each table is to become.

They are unlogged and live in a schema of their own. An import in one transaction drops them before it commits, so a
killed one leaves nothing; the tables of an import that waits for a person are named after it and swept with it.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import IO, Any

from django.db import connection
from django.utils.translation import gettext as _

from backoffice.spreadsheets.cleaning import CleanColumn, constant_column
from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.copying import copy_line, copy_text
from backoffice.spreadsheets.mapping import Mapping
from backoffice.spreadsheets.progress import Watch, unwatched
from backoffice.spreadsheets.readers import Row, Sheet

SCHEMA = "spreadsheets_staging"
BATCH = 5_000
CHUNK = 1 << 18
SHOWN_LENGTH = 200
PROBLEM_COLUMNS = ("row", "field", "header", "value", "rule", "message")


class Stage:
    """The tables of one import; `token` tells them from those of others. `watch` is told how far the work on it is."""

    def __init__(self, token: str, mapping: Mapping, watch: Watch = unwatched) -> None:
        self.token = token
        self.mapping = mapping
        self.watch = watch
        self.loaded_rows = 0

    @property
    def rows(self) -> str:
        """The table with a line for each row of the file: its number, and a typed column for each field."""
        return self.table("rows")

    @property
    def problems(self) -> str:
        """The table with all that is wrong; a row named here is refused."""
        return self.table("problems")

    def table(self, name: str) -> str:
        """Return the qualified name of a further table of this import."""
        return f'{SCHEMA}."{self.token}_{name}"'

    def has(self, field: str) -> bool:
        """Tell whether the file, or a constant, fills `field`."""
        return field in self.mapping.fields

    def run(self, sql: str, params: dict[str, Any] | None = None) -> int:
        """Run one statement and return how many rows it touched. Percent signs are doubled if there are `params`."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    def fetch(self, sql: str, params: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def make(self, name: str, query: str, params: dict[str, Any] | None = None) -> str:
        """Create the table `name` from a query, with statistics for the joins to come; return its qualified name.

        The name has no underscores: what stands before the last one tells whose table it is.
        """
        table = self.table(name)
        self.run(f"CREATE UNLOGGED TABLE {table} AS {query}", params)
        self.run(f"ANALYZE {table}")
        return table

    def load(self, sheet: Sheet, columns: dict[str, Column]) -> None:
        """Create the tables of rows and problems and fill them from the file, batch by batch."""
        typed = "".join(f', "{field}" {column.sql_type}' for field, column in columns.items())
        self.run(f"CREATE UNLOGGED TABLE {self.rows} (row integer{typed})")
        self.run(
            f"CREATE UNLOGGED TABLE {self.problems}"
            " (row integer, field text, header text, value text, rule text, message text)"
        )
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as found:
            self._copy(self.rows, ["row", *self.mapping.fields], self._lines(sheet, columns, found))
            found.seek(0)
            self._copy(self.problems, PROBLEM_COLUMNS, iter(lambda: found.read(CHUNK), ""))
        self.run(f"ANALYZE {self.rows}")
        self.run(f"ANALYZE {self.problems}")

    def refuse(
        self, field: str, rule: str, message: str, source: str, params: dict[str, Any] | None = None, value: str = ""
    ) -> int:
        """Refuse rows found by SQL: `source` is a FROM clause in which `r` is the staged row.

        `message` is SQL that yields the sentence, `value` SQL that yields what is shown as the cell.
        """
        shown = value or f'r."{field}"'
        named = {"field": field, "header": self.mapping.header_of(field), "rule": rule, "shown_length": SHOWN_LENGTH}
        return self.run(
            f"INSERT INTO {self.problems} (row, field, header, value, rule, message)"
            f" SELECT r.row, %(field)s, %(header)s, left(coalesce(({shown})::text, ''), %(shown_length)s), %(rule)s,"
            f" {message} FROM {source}",
            named | (params or {}),
        )

    def drop(self, *, but: str = "") -> None:
        """Drop all tables of this import; the one named `but` stays."""
        drop_tables(self.token, but=but)

    def _lines(self, sheet: Sheet, columns: dict[str, Column], found: IO[str]) -> Iterator[str]:
        cleaners = {
            field: CleanColumn(position, self.mapping.converter_of(field, columns[field]), typed=sheet.kind != "csv")
            for field, position in self.mapping.positions.items()
        }
        constants = [constant_column(value) for value in self.mapping.constants.values()]
        carried = [place for field, place in self.mapping.positions.items() if columns[field].carried]
        above: Sequence[Any] = ()
        for batch in batched(sheet.rows, BATCH):
            self.loaded_rows += len(batch)
            self.watch(_("Reading the file"), self.loaded_rows, sheet.row_estimate or 0)
            numbers, rows, row_problems = zip(*batch, strict=True)
            if carried:
                filled, above = _carry(rows, carried, above)
                cells = list(zip(*filled, strict=True))
            else:
                cells = list(zip(*rows, strict=True))
            texts = {field: cleaner.clean(cells[cleaner.position]) for field, cleaner in cleaners.items()}
            broken = self._row_problems(batch, found) if any(row_problems) else set()
            for field, cleaner in cleaners.items():
                for place, text in cleaner.bad_cells(texts[field]):
                    if place not in broken:
                        self._note(found, numbers[place], field, text.shown, text.bad.rule, text.bad.message)
            lines = zip(map(str, numbers), *texts.values(), *constants, strict=False)
            yield "\n".join(map("\t".join, lines)) + "\n"

    def _row_problems(self, batch: Sequence[Row], found: IO[str]) -> set[int]:
        broken = set()
        for place, row in enumerate(batch):
            if row.problem:
                broken.add(place)
                self._note(found, row.number, "", "", row.problem.rule, row.problem.message)
        return broken

    def _note(self, found: IO[str], row: int, field: str, value: str, rule: str, message: str) -> None:
        header = self.mapping.header_of(field) if field else ""
        fields = (str(row), field, header, value[:SHOWN_LENGTH], rule, str(message))
        found.write(copy_line(map(copy_text, fields)))

    def _copy(self, table: str, names: Iterable[str], chunks: Iterable[str]) -> None:
        listed = ", ".join(f'"{name}"' for name in names)
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
            for chunk in chunks:
                copy.write(chunk)


def _carry(
    rows: Sequence[Sequence[Any]], places: Sequence[int], above: Sequence[Any]
) -> tuple[list[Sequence[Any]], Sequence[Any]]:
    """Return the rows with their blank heads filled from the row above, and the last row that has a head."""
    filled: list[Sequence[Any]] = []
    for row in rows:
        if any(row[place] not in {None, ""} for place in places):
            above = row
        elif above:
            head = {place: above[place] for place in places}
            row = [head.get(place, cell) for place, cell in enumerate(row)]  # noqa: PLW2901 - the row, made whole
        filled.append(row)
    return filled, above


def drop_tables(token: str, *, but: str = "") -> None:
    """Drop all staging tables of the import `token`; the one named `but` stays."""
    for name in stage_tables():
        if name.startswith(f"{token}_") and name != f"{token}_{but}":
            with connection.cursor() as cursor:
                cursor.execute(f'DROP TABLE {SCHEMA}."{name}"')


def stage_tables() -> list[str]:
    """Return the names of all committed staging tables, and of those of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [SCHEMA])
        return [name for (name,) in cursor.fetchall()]
