"""Rows as arrays of their columns: many are saved, or looked at, by one statement."""

import json
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
    given = [given_value(column, f"given.{name}") for column, name in zip(columns, quoted, strict=True)]
    sql = UPDATE.format(
        table=table,
        values=", ".join(f"{name} = {value}" for name, value in zip(quoted[1:], given[1:], strict=True)),
        arrays=", ".join(given_array(column) for column in columns),
        names=", ".join(quoted),
        condition=f"AND {table}.status = ANY (%s)" if was else "",
    )
    arrays = [given_values(column, rows) for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*arrays, *([[str(status) for status in was]] if was else [])])
        return int(cursor.rowcount)


def given_array(column: Any) -> str:
    """Return the parameter for `given_values` of a column; lists travel as JSON, since `unnest` flattens them."""
    return "%s::text[]" if _is_list(column) else f"%s::{column.cast_db_type(connection)}[]"


def given_value(column: Any, name: str) -> str:
    """Return the value of a column, from what `unnest` made of its array under `name`."""
    if not _is_list(column):
        return name
    return f"ARRAY(SELECT jsonb_array_elements_text({name}::jsonb))::{column.cast_db_type(connection)}"


def given_values(column: Any, rows: Sequence[models.Model]) -> list[Any]:
    """Return what `rows` hold in a column, as `given_array` takes it."""
    return [_stored(column, row) for row in rows]


def _is_list(column: Any) -> bool:
    return hasattr(column, "base_field")


def _stored(column: Any, row: models.Model) -> Any:
    value = column.get_db_prep_save(getattr(row, column.attname), connection)
    if _is_list(column):
        return json.dumps(value)
    return str(value) if isinstance(value, str) else value  # a choice is stored as its text
