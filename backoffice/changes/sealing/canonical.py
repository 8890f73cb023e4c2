"""Rows as they are hashed: one text for one state of a row, whatever session asks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection

from backoffice.changes.completeness import tracked_models
from backoffice.changes.models import ChangeSet
from backoffice.changes.triggers import stored_columns

# Counts grow while a change set is open; all else is said once.
CHANGE_SET_COLUMNS = (
    "id",
    "key",
    "kind",
    "actor_id",
    "actor_label",
    "reason",
    "source",
    "request_id",
    "started_at",
    "undo_of_id",
)
SAME_TEXT_IN_EVERY_SESSION = """
    SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
        set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
        set_config('extra_float_digits', '1', true)
"""
LAST_IDS = """
    SELECT label, coalesce(pg_sequence_last_value(pg_get_serial_sequence(quote_ident(name), key)::regclass), 0)
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS sealed (label, name, key)
"""
CONTENTS = """
    SELECT asked.after, asked.upto, part.rows, encode(part.digest, 'hex')
    FROM unnest(%s::bigint[], %s::bigint[]) AS asked (after, upto)
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows, sha256(coalesce(string_agg(
            sha256(convert_to(ROW({columns})::text, 'UTF8')), ''::bytea ORDER BY sealed.{key}
        ), ''::bytea)) AS digest
        FROM {table} AS sealed WHERE sealed.{key} > asked.after AND sealed.{key} <= asked.upto
    ) AS part
"""


@dataclass(frozen=True)
class SealedTable:
    """A table whose rows are sealed: the versions of a model, or the change sets themselves."""

    label: str
    name: str
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """The rows of a range: how many, and their hash."""

    after: int
    upto: int
    rows: int
    digest: str


@cache
def sealed_tables() -> dict[str, SealedTable]:
    """Return the tables that are sealed, by the label of their model: change sets first, since versions name them."""
    sets = SealedTable(ChangeSet._meta.label_lower, ChangeSet._meta.db_table, "id", CHANGE_SET_COLUMNS)
    versions = [versions_of(model) for model in tracked_models()]
    return {table.label: table for table in (sets, *versions)}


def versions_of(model: Any) -> SealedTable:
    """Return the table of the versions of `model`."""
    history = model.history.model
    columns = tuple(column.strip('"') for column in stored_columns(history))
    return SealedTable(model._meta.label_lower, history._meta.db_table, "history_id", columns)


def last_ids() -> dict[str, int]:
    """Return the greatest number given to a row of each table so far, committed or not."""
    tables = sealed_tables().values()
    names = [[table.label for table in tables], [table.name for table in tables], [table.key for table in tables]]
    with connection.cursor() as cursor:
        cursor.execute(LAST_IDS, names)
        return dict(cursor.fetchall())


def contents(table: SealedTable, columns: Sequence[str], ranges: Sequence[tuple[int, int]]) -> Iterator[Contents]:
    """Yield what is in each of `ranges` (after, up to) of a table now, as far as `columns` say it.

    To be called in a transaction: it settles how values are written, until its end.
    """
    quote = connection.ops.quote_name
    statement = CONTENTS.format(
        table=quote(table.name),
        key=quote(table.key),
        columns=", ".join(f"sealed.{quote(column)}" for column in columns),
    )
    with connection.cursor() as cursor:
        cursor.execute(SAME_TEXT_IN_EVERY_SESSION)
        cursor.execute(statement, [[after for after, _upto in ranges], [upto for _after, upto in ranges]])
        yield from (Contents(*row) for row in cursor.fetchall())
