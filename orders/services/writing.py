"""Saving many rows by one statement."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, models

UPDATE = """
    UPDATE {table} SET {values} FROM unnest({arrays}) AS given ({names})
    WHERE {table}.id = given.id {condition}
"""


def update_rows(rows: Sequence[models.Model], fields: Sequence[str], *, was: Collection[str] = ()) -> int:
    """Save `fields` of `rows`, of one model, and return how many were saved; with `was`, those of such a status only.

    `bulk_update` writes a CASE for each field with a branch for each row: on orders that took five times as long.
    """
    if not rows:
        return 0
    meta = rows[0]._meta
    columns: list[Any] = [meta.pk, *(meta.get_field(name) for name in fields)]
    quoted = [connection.ops.quote_name(column.column) for column in columns]
    table = connection.ops.quote_name(meta.db_table)
    sql = UPDATE.format(
        table=table,
        values=", ".join(f"{name} = given.{name}" for name in quoted[1:]),
        arrays=", ".join(f"%s::{column.cast_db_type(connection)}[]" for column in columns),
        names=", ".join(quoted),
        condition=f"AND {table}.status = ANY (%s)" if was else "",
    )
    arrays = [[_stored(column, row) for row in rows] for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*arrays, *([[str(status) for status in was]] if was else [])])
        return int(cursor.rowcount)


def _stored(column: Any, row: models.Model) -> Any:
    value = column.get_db_prep_save(getattr(row, column.attname), connection)
    return str(value) if isinstance(value, str) else value  # a choice is stored as its text
