"""Whether the database records every change: its own catalogue is asked, not the code that should have made it so.

A table is tracked when its model is. It must have each of its triggers, enabled; they must write every stored column
of the table into the history; and the history must refuse to be changed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection

from backoffice.changes.models import ChangeSet, Seal, SealedColumns, TrackedModel
from backoffice.changes.triggers import UNCOMPARED, HistoryTrigger, TouchUpdatedAt

# A trigger that fires in every session, whatever its replication role is, has A; O fires in ordinary ones.
FIRES = ("O", "A")

CATALOGUE = """
    SELECT c.relname, coalesce(columns.names, '{}'), coalesce(triggers.found, '{}'::jsonb)
    FROM pg_class AS c
    LEFT JOIN LATERAL (
        SELECT array_agg(attname::text ORDER BY attnum) AS names FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ) AS columns ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(t.tgname, jsonb_build_array(t.tgenabled, p.prosrc, pg_get_triggerdef(t.oid))) AS found
        FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    ) AS triggers ON true
    WHERE c.oid = to_regclass(quote_ident(c.relname)) AND c.relname = ANY(%s)
"""


@dataclass(frozen=True)
class Standing:
    """A trigger as the database has it: whether it fires, what it does, and when."""

    enabled: str
    function: str
    definition: str

    @property
    def fires(self) -> bool:
        return self.enabled in FIRES


@dataclass(frozen=True)
class Table:
    """A table as the database has it: its stored columns and its triggers, by name."""

    columns: list[str] = field(default_factory=list)
    triggers: dict[str, Standing] = field(default_factory=dict)


def tracked_models() -> list[Any]:
    """Return the models whose every change is recorded."""
    return [model for model in apps.get_models() if issubclass(model, TrackedModel)]


def history_gaps() -> list[str]:
    """Return what keeps the history from being complete, a sentence each; nothing when all is well. One query."""
    guarded = [ChangeSet, Seal, SealedColumns, *tracked_models()]
    histories = [model.history.model for model in tracked_models()]
    tables = read_catalogue([model._meta.db_table for model in [*guarded, *histories]])
    return [gap for model in [*guarded, *histories] for gap in gaps_of(model, tables)]


def read_catalogue(names: list[str]) -> dict[str, Table]:
    """Return the tables called `names`, as they are in the database."""
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE, [names])
        return {
            name: Table(list(columns), {key: Standing(*told) for key, told in json.loads(triggers).items()})
            for name, columns, triggers in cursor.fetchall()
        }


def gaps_of(model: Any, tables: dict[str, Table]) -> Iterator[str]:
    """Yield what is missing for one table."""
    name = model._meta.db_table
    table = tables.get(name, Table())
    for trigger in model._meta.triggers:
        standing = table.triggers.get(trigger.get_pgid(model))
        if standing is None:
            yield f"{name}: the trigger {trigger.name} is missing."
        elif not standing.fires:
            yield f"{name}: the trigger {trigger.name} is disabled."
        elif isinstance(trigger, HistoryTrigger):
            yield from history_column_gaps(model, trigger, standing.function, tables)
        elif normal(trigger.get_func(model)) not in normal(standing.function):
            yield f"{name}: the trigger {trigger.name} does not do what it should."
        elif isinstance(trigger, TouchUpdatedAt):
            yield from touch_gaps(name, table, standing)


def history_column_gaps(model: Any, trigger: Any, source: str, tables: dict[str, Table]) -> Iterator[str]:
    """Yield the columns that a history trigger leaves out, or that the history has no place for."""
    name = model._meta.db_table
    kept = [column for column in tables[name].columns if column not in columns_excluded(model)]
    history = tables.get(model.history.model._meta.db_table, Table())
    for column in kept:
        quoted = connection.ops.quote_name(column)
        if column not in history.columns:
            yield f"{name}: the history has no column {column}."
        elif f"{trigger.row}.{quoted}" not in source:
            yield f"{name}: the trigger {trigger.name} does not write {column}."
        elif trigger.symbol == "~" and column not in UNCOMPARED and f"old_rows.{quoted}" not in source:
            yield f"{name}: the trigger {trigger.name} does not notice a change of {column}."


def touch_gaps(name: str, table: Table, standing: Standing) -> Iterator[str]:
    """Yield the columns whose change leaves `updated_at` as it was, so that a stale form would not be noticed."""
    for column in table.columns:
        if column not in UNCOMPARED and not re.search(rf'\bnew\."?{re.escape(column)}\b', standing.definition):
            yield f"{name}: the trigger {TouchUpdatedAt.name} does not notice a change of {column}."


def columns_excluded(model: Any) -> set[str]:
    """Return the columns that are kept out of the history on purpose."""
    return {model._meta.get_field(excluded).column for excluded in model.history_excluded}


def normal(source: str) -> str:
    """Return the text of a function without what layout adds."""
    return " ".join(source.split())
