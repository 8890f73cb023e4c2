"""Carries out a plan: locks first, then removals, restorations and re-creations, a slice of rows a statement."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection

from backoffice.changes.rules import RECREATE, REMOVE, RESTORE
from backoffice.changes.undo.plans import Plan, active, among, literal, rows_of, run
from backoffice.changes.undo.references import delete_along
from backoffice.changes.undo.shapes import UNCOMPARED, Shape, quote

Progress = Callable[[int, int], None]

# A row that may be removed must not get new children meanwhile, so it is locked against foreign keys too.
LOCK = """
    SELECT count(*) FROM (
        SELECT 1 FROM {table}
        WHERE {key} IN (SELECT {key} FROM {history} WHERE change_set_id = %s AND {chosen})
        ORDER BY {key} FOR {strength}
    ) AS locked
"""
COUNT = "SELECT coalesce(max(slice) + 1, 0), coalesce(max(wave), 0), count(*) FROM {plan} AS plan WHERE {active}"
CHANGED_COLUMNS = """
    SELECT array_remove(ARRAY[{columns}]::text[], NULL)
    FROM {rows} AS written JOIN {table} AS live ON live.{key} = written.{key}
    JOIN {plan} AS plan ON plan.key = written.{key} AND {active}
"""
DELETE = "DELETE FROM {table} AS live USING {plan} AS plan WHERE live.{key} = plan.key AND plan.slice = %s AND {active}"
UPDATE = """
    UPDATE {table} AS live SET {columns}
    FROM {rows} AS written JOIN {plan} AS plan ON plan.key = written.{key}
    WHERE live.{key} = written.{key} AND plan.slice = %s AND plan.wave = %s AND {active}
"""
INSERT = """
    INSERT INTO {table} ({columns})
    SELECT {values} FROM {rows} AS written JOIN {plan} AS plan ON plan.key = written.{key}
    WHERE plan.slice = %s AND {active}
"""


class Applier:
    """Writes plans, telling `progress` (rows done, rows in all) after each statement."""

    def __init__(self, plans: Iterable[Plan], progress: Progress | None) -> None:
        self.plans = list(plans)
        self.progress = progress
        self.total = sum(count_of(plan, RESTORE, RECREATE, REMOVE)[2] for plan in self.plans)
        self.done = 0

    def write(self) -> int:
        """Write all; return how many rows were written. Plans come with children before their parents."""
        for plan in self.plans:
            self._delete(plan)
        for plan in reversed(self.plans):
            self._update(plan)
        for plan in reversed(self.plans):
            self._insert(plan)
        # Foreign keys are checked when the transaction commits; here the caller can still say what is wrong.
        connection.check_constraints()
        return self.done

    def _delete(self, plan: Plan) -> None:
        slices, _waves, found = count_of(plan, REMOVE)
        if found:
            delete_along(plan)
        statement = DELETE.format(**plan.names, active=active("plan", REMOVE))
        for number in range(slices):
            self._count(run(statement, [number]))

    def _update(self, plan: Plan) -> None:
        slices, waves, found = count_of(plan, RESTORE)
        columns = changed_columns(plan) if found else []
        if not columns:
            return
        statement = UPDATE.format(
            **plan.names,
            active=active("plan", RESTORE),
            columns=", ".join(f"{quote(column)} = written.{quote(column)}" for column in columns),
        )
        for wave in range(waves + 1):
            for number in range(slices):
                self._count(run(statement, [number, wave]))

    def _insert(self, plan: Plan) -> None:
        slices, _waves, _found = count_of(plan, RECREATE)
        names = [quote(column) for column in plan.shape.stored]
        statement = INSERT.format(
            **plan.names,
            active=active("plan", RECREATE),
            columns=", ".join(names),
            values=", ".join(f"written.{name}" for name in names),
        )
        for number in range(slices):
            self._count(run(statement, [number]))

    def _count(self, written: int) -> None:
        self.done += written
        if self.progress is not None and written:
            self.progress(self.done, self.total)


def lock_rows(shape: Shape, change_set_id: int, chosen: list[Any] | None, *, may_be_removed: bool) -> None:
    """Lock the rows of a model that the change set wrote, in primary-key order, until the transaction ends."""
    condition, params = among(shape, chosen)
    statement = LOCK.format(
        table=quote(shape.table),
        history=quote(shape.history),
        key=quote(shape.key),
        chosen=condition,
        strength="UPDATE" if may_be_removed else "NO KEY UPDATE",
    )
    rows_of(statement, [change_set_id, *params])


def count_of(plan: Plan, *actions: str) -> tuple[int, int, int]:
    """Return the number of slices, the last wave, and the number of rows that have one of `actions`."""
    ((slices, wave, found),) = rows_of(COUNT.format(**plan.names, active=active("plan", *actions)))
    return slices, wave, found


def changed_columns(plan: Plan) -> list[str]:
    """Return the columns that restoring changes in any row: a column that is not written costs no index entry."""
    tried = [column for column in plan.shape.stored if column not in UNCOMPARED and column != plan.shape.key]
    columns = ", ".join(
        f"CASE WHEN bool_or(written.{quote(c)} IS DISTINCT FROM live.{quote(c)}) THEN {literal(c)} END" for c in tried
    )
    ((changed,),) = rows_of(CHANGED_COLUMNS.format(**plan.names, columns=columns, active=active("plan", RESTORE)))
    return list(changed)
