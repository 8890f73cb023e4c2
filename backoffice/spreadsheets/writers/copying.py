"""CSV that PostgreSQL writes itself: no row passes through Python."""

from collections.abc import Sequence
from gzip import GzipFile
from typing import IO, Any

from django.db import connection

from backoffice.spreadsheets.formulas import neutralised_sql
from backoffice.spreadsheets.writers.base import Kind
from backoffice.spreadsheets.writers.texts import reads_utc


def copy_csv(query: str, params: Sequence[Any], file: IO[bytes] | GzipFile) -> int:
    """Stream the rows of a SELECT to a file as CSV, headed by its column names, and return how many there were.

    The query's text columns are neutralised in SQL: build them with `exported_sql` or `formulas.neutralised`.
    """
    # Without parameters psycopg leaves doubled percent signs as they are.
    select = query if params else query.replace("%%", "%")
    statement = f"COPY ({select}) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')"
    with connection.cursor() as cursor:
        with cursor.copy(statement.encode(), tuple(params) or None) as copy:
            for block in copy:
                file.write(block)
        return int(cursor.rowcount)


def exported_sql(expression: str, kind: Kind) -> str:
    """Return the SQL that exports an expression of the kind as the Python writer does."""
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
