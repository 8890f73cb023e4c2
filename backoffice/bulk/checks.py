"""Whether the database would take the new values: every constraint of the table, tried on the rows as they would be.

The rows are built in a temporary table, complete with generated columns, so that what forbids them is named before
anything is written. The constraints come from PostgreSQL's own catalogue.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.db import connection, models

from backoffice.changes.naming import labels_of
from backoffice.changes.undo.sentences import check_sentence, unique_sentence
from backoffice.changes.undo.shapes import Shape, Unique, quote, shape_of
from backoffice.changes.writing import given_array, given_value, given_values

ROWS = """
    CREATE TEMPORARY TABLE bulk_rows ON COMMIT DROP AS
    SELECT plain.*{generated}
    FROM (
        SELECT {columns} FROM {table} AS live
        JOIN unnest(%s::bigint[], {arrays}) AS given (key, {names}) ON given.key = live.{key}
    ) AS plain
"""
PROBLEMS = """
    SELECT key, problem FROM (SELECT {key} AS key, CASE {cases} END AS problem FROM bulk_rows) AS found
    WHERE problem IS NOT NULL
"""
# Of rows that would get the same key, the first may have it; a row that is rewritten holds its old key no longer.
TAKEN = """
    SELECT mine.key, min(held.key)
    FROM (SELECT {key} AS key, {keys} FROM bulk_rows WHERE {predicate}) AS mine
    JOIN (SELECT {key} AS key, {keys} FROM {table} WHERE {predicate}) AS held ON {equal} AND held.key <> mine.key
    WHERE NOT EXISTS (SELECT 1 FROM bulk_rows AS leaving WHERE leaving.{key} = held.key)
    GROUP BY mine.key
    UNION
    SELECT mine.key, min(held.key)
    FROM (SELECT {key} AS key, {keys} FROM bulk_rows WHERE {predicate}) AS mine
    JOIN (SELECT {key} AS key, {keys} FROM bulk_rows WHERE {predicate}) AS held ON {equal} AND held.key < mine.key
    GROUP BY mine.key
"""


def forbidden(rows: Sequence[models.Model], fields: Sequence[Any]) -> dict[Any, str]:
    """Return the sentence for each row, by id, whose new values of `fields` the database would refuse."""
    if not rows:
        return {}
    shape = shape_of(type(rows[0]))
    _build(shape, rows, fields)
    found: dict[Any, str] = {}
    for unique in shape.uniques:
        if _touches(unique, fields):
            found |= _taken(shape, unique)
    found |= _row_by_row(shape)
    _ask("DROP TABLE bulk_rows")
    return found


def _build(shape: Shape, rows: Sequence[models.Model], fields: Sequence[Any]) -> None:
    given = {field.column: given_value(field, f"given.v{number}") for number, field in enumerate(fields)}
    statement = ROWS.format(
        generated="".join(f", ({text}) AS {quote(name)}" for name, text in shape.generated.items()),
        columns=", ".join(f"{given.get(name, f'live.{quote(name)}')} AS {quote(name)}" for name in shape.stored),
        table=quote(shape.table),
        key=quote(shape.key),
        arrays=", ".join(given_array(field) for field in fields),
        names=", ".join(f"v{number}" for number in range(len(fields))),
    )
    values = (given_values(field, (getattr(row, field.attname) for row in rows)) for field in fields)
    _ask(statement, [[row.pk for row in rows], *values])
    _ask("ANALYZE bulk_rows")


def _row_by_row(shape: Shape) -> dict[Any, str]:
    """Return the rows that a CHECK constraint would refuse, each with the first that does."""
    if not shape.checks:
        return {}
    names = list(shape.checks)
    cases = " ".join(f"WHEN NOT ({shape.checks[name]}) THEN {number}" for number, name in enumerate(names))
    found = _ask(PROBLEMS.format(key=quote(shape.key), cases=cases))
    return {key: check_sentence(shape.model, names[number]) % {} for key, number in found}


def _touches(unique: Unique, fields: Sequence[Any]) -> bool:
    text = " ".join((*unique.keys, unique.predicate))
    return any(re.search(rf"\b{re.escape(field.column)}\b", text) for field in fields)


def _taken(shape: Shape, unique: Unique) -> dict[Any, str]:
    """Return the rows whose new key another one has, or would get too."""
    names = [f"k{number}" for number in range(len(unique.keys))]
    same = "IS NOT DISTINCT FROM" if unique.nulls_equal else "="
    statement = TAKEN.format(
        key=quote(shape.key),
        keys=", ".join(f"{key} AS {name}" for key, name in zip(unique.keys, names, strict=True)),
        table=quote(shape.table),
        predicate=unique.predicate,
        equal=" AND ".join(f"held.{name} {same} mine.{name}" for name in names),
    )
    found = dict(_ask(statement))
    labels = labels_of(shape.model, found.values())
    sentence = unique_sentence(shape.model, unique)
    return {key: sentence % {"other": labels.get(other, other)} for key, other in found.items()}


def _ask(statement: str, params: Sequence[Any] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))
        return list(cursor.fetchall()) if cursor.description else []
