"""What is to become of each object of a change set, worked out by PostgreSQL in temporary tables.

One plan a model, in two tables: the plan itself (one row an object: what to do, whether it conflicts, what forbids it)
and the rows that will be written, complete with generated columns, so that every constraint can be tried on them
before anything is written. The tables are analysed as soon as they are filled: without figures the planner joins them
by nested loops.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from backoffice.changes.rules import RECREATE, REMOVE, RESTORE
from backoffice.changes.undo.shapes import UNCOMPARED, Shape, quote

SLICE = 20_000

SPAN = """
    CREATE TEMPORARY TABLE {span} ON COMMIT DROP AS
    SELECT mine.*, (
        SELECT max(older.history_id) FROM {history} AS older
        WHERE older.{key} = mine.key AND older.history_id < mine.first_id
    ) AS before_id
    FROM (
        SELECT {key} AS key, min(history_id) AS first_id, max(history_id) AS last_id
        FROM {history} WHERE change_set_id = %s AND {chosen} GROUP BY {key}
    ) AS mine
"""
# An object conflicts when a version that is newer than the set's, and was not taken back, changed what would be
# restored, or when it is not any more as the set left it.
PLAN = """
    CREATE TEMPORARY TABLE {plan} ON COMMIT DROP AS
    WITH met AS (
        SELECT
            span.key, span.last_id, span.before_id,
            {whole} AS whole,
            first.history_type <> '+' AND span.before_id IS NULL AS lost,
            coalesce(first.history_type <> '+' AND before.history_type <> '-', false) AS was,
            after.history_type <> '-' AS became,
            live.{key} IS NOT NULL AS is_now,
            {differs_before_after} AS changed,
            {held_before_after} AS held_changed,
            {differs_live_before} AS unlike_before,
            {differs_live_after} AS moved,
            EXISTS (
                SELECT 1 FROM {history} AS newer
                WHERE newer.{key} = span.key AND newer.history_id > span.last_id
                    AND newer.change_set_id <> ALL(%s)
                    AND (newer.history_type <> '~' OR after.history_type = '-' OR {differs_newer_after})
            ) AS overtaken
        FROM {span} AS span
        JOIN {history} AS first ON first.history_id = span.first_id
        JOIN {history} AS after ON after.history_id = span.last_id
        LEFT JOIN {history} AS before ON before.history_id = span.before_id
        LEFT JOIN {table} AS live ON live.{key} = span.key
    ), decided AS (
        SELECT *, CASE
            WHEN lost THEN 'restore'
            WHEN was AND became THEN CASE
                WHEN NOT changed AND NOT (held_changed AND %s) THEN 'nothing'
                WHEN changed AND is_now AND NOT unlike_before THEN 'already'
                ELSE 'restore' END
            WHEN was THEN CASE WHEN is_now AND NOT unlike_before THEN 'already' ELSE 'recreate' END
            WHEN became THEN CASE WHEN is_now THEN 'remove' ELSE 'already' END
            ELSE 'nothing' END AS action
        FROM met
    )
    SELECT key, last_id, before_id, action, whole, lost, is_now,
        was AND became AND held_changed AS held_changed,
        CASE action
            WHEN 'recreate' THEN is_now OR overtaken
            WHEN 'restore' THEN NOT lost AND changed AND (NOT is_now OR moved OR overtaken)
            WHEN 'remove' THEN moved OR overtaken
            ELSE false END AS conflict,
        false AS partial,
        ARRAY[]::text[] AS touched,
        NULL::int AS problem,
        NULL::text AS other,
        0 AS wave,
        ((row_number() OVER (ORDER BY key) - 1) / {slice})::int AS slice
    FROM decided
"""
TOUCHED = """
    UPDATE {plan} AS plan
    SET touched = found.touched, partial = NOT found.changed <@ found.touched
    FROM (
        SELECT conflicting.key,
            array_remove(ARRAY[{touched}]::text[], NULL) AS touched,
            array_remove(ARRAY[{changed}]::text[], NULL) AS changed
        FROM {plan} AS conflicting
        JOIN {history} AS before ON before.history_id = conflicting.before_id
        JOIN {history} AS after ON after.history_id = conflicting.last_id
        JOIN {history} AS newer ON newer.{key} = conflicting.key AND newer.history_id > conflicting.last_id
            AND newer.change_set_id <> ALL(%s)
        WHERE conflicting.conflict AND conflicting.action = 'restore' AND conflicting.is_now
        GROUP BY conflicting.key
    ) AS found
    WHERE plan.key = found.key
"""
ANY_CONFLICT = "SELECT EXISTS (SELECT 1 FROM {plan} WHERE conflict)"
BY_FIELDS = "UPDATE {plan} SET conflict = false WHERE conflict AND partial"
ROWS = """
    CREATE TEMPORARY TABLE {rows} ON COMMIT DROP AS
    SELECT plain.*{generated}
    FROM (
        SELECT {columns}
        FROM {plan} AS plan
        JOIN {history} AS before ON before.history_id = plan.before_id
        JOIN {history} AS after ON after.history_id = plan.last_id
        LEFT JOIN {table} AS live ON live.{key} = plan.key
        WHERE {writes}
    ) AS plain
"""


@dataclass(frozen=True)
class Problem:
    """Why an object is left as it is; `%(other)s` in the sentence is the name of another object, of `model`."""

    sentence: str
    model: type[models.Model] | None = None


def run(statement: str, params: Sequence[Any] = ()) -> int:
    """Execute a statement; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))
        return int(cursor.rowcount)


def rows_of(statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Execute a query; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))
        return list(cursor.fetchall())


def active(alias: str, *actions: str) -> str:
    """Return the condition that a row of a plan is carried out, with one of `actions` (any, if none is named)."""
    wanted = ", ".join(f"'{action}'" for action in actions or (RESTORE, RECREATE, REMOVE))
    return f"({alias}.action IN ({wanted}) AND NOT {alias}.conflict AND {alias}.problem IS NULL)"


@dataclass
class Plan:
    """The plan of one model.

    `chain` are the change set and all undos of it: their versions are no conflicts. Nor are, as long as the object is
    as the set left it, those of `settled`: newer change sets that were undone, and their undos. Of the objects that
    the set wrote, the plan holds those of `chosen`, or all.
    """

    shape: Shape
    number: int
    change_set_id: int
    chain: list[int]
    settled: list[int]
    chosen: list[Any] | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"undo_plan_{self.number}"

    @property
    def rows(self) -> str:
        return f"undo_rows_{self.number}"

    @property
    def names(self) -> dict[str, str]:
        """The names that every statement about this plan needs."""
        return {
            "plan": self.name,
            "rows": self.rows,
            "span": f"undo_span_{self.number}",
            "table": quote(self.shape.table),
            "history": quote(self.shape.history),
            "key": quote(self.shape.key),
        }

    def problem(self, sentence: Any, model: type[models.Model] | None = None) -> int:
        """Return the number under which the plan's rows refer to a sentence."""
        self.problems.append(Problem(str(sentence), model))
        return len(self.problems) - 1

    def build(self, *, by_fields: bool) -> None:
        """Fill both tables. `by_fields`: of conflicting objects, restore the fields that nobody touched since."""
        self._meet()
        if self._conflicts():
            self._find_touched()
            if by_fields:
                run(BY_FIELDS.format(**self.names))
        self._write_rows()

    def drop(self) -> None:
        """Remove the tables before the transaction ends, so that it may undo again."""
        run("DROP TABLE {plan}, {rows}, {span}".format(**self.names))

    def _meet(self) -> None:
        chosen, params = among(self.shape, self.chosen)
        run(SPAN.format(**self.names, chosen=chosen), [self.change_set_id, *params])
        run("ANALYZE {span}".format(**self.names))
        statement = PLAN.format(
            **self.names,
            slice=SLICE,
            whole=self._whole(),
            differs_before_after=self._differs("before", "after"),
            held_before_after=f"(NOT {self._whole()} AND {rows_differ('before', 'after', self.shape.held)})",
            differs_live_before=self._differs("live", "before"),
            differs_live_after=self._differs("live", "after"),
            differs_newer_after=self._differs("newer", "after"),
        )
        run(statement, [self.chain + self.settled, bool(self.shape.rules.keeps_sentence)])
        run(f"ANALYZE {self.name}")

    def _conflicts(self) -> bool:
        ((found,),) = rows_of(ANY_CONFLICT.format(**self.names))
        return bool(found)

    def _find_touched(self) -> None:
        columns = [*self.shape.free, *self.shape.held]
        touched = ", ".join(f"CASE WHEN bool_or({_differ('newer', 'after', c)}) THEN {literal(c)} END" for c in columns)
        changed = ", ".join(
            f"CASE WHEN bool_or({_differ('before', 'after', c)}{self._unless_held(c, 'conflicting')})"
            f" THEN {literal(c)} END"
            for c in columns
        )
        run(TOUCHED.format(**self.names, touched=touched, changed=changed), [self.chain])

    def _write_rows(self) -> None:
        values = {column: self._value(column) for column in self.shape.stored}
        statement = ROWS.format(
            **self.names,
            writes=active("plan", RESTORE, RECREATE) + " AND NOT plan.lost",
            columns=", ".join(f"{value[0]} AS {quote(column)}" for column, value in values.items()),
            generated="".join(f", ({text}) AS {quote(column)}" for column, text in self.shape.generated.items()),
        )
        run(statement, [param for _value, params in values.values() for param in params])
        run(f"ANALYZE {self.rows}")

    def _value(self, column: str) -> tuple[str, list[Any]]:
        """Return the expression for a column of a row to be written, and its parameters."""
        name = quote(column)
        again = "plan.action = 'recreate'"
        if column == self.shape.key:
            return "plan.key", []
        if column == "updated_at":
            return f"CASE WHEN {again} THEN now() ELSE live.{name} END", []
        if column in self.shape.secret:
            return f"CASE WHEN {again} THEN %s ELSE live.{name} END", [blank(self.shape.field_of(column))]
        if column in UNCOMPARED:
            return f"CASE WHEN {again} THEN before.{name} ELSE live.{name} END", []
        untouched = f"{_differ('before', 'after', column)} AND NOT {literal(column)} = ANY(plan.touched)"
        untouched += self._unless_held(column, "plan")
        return f"CASE WHEN {again} OR ({untouched}) THEN before.{name} ELSE live.{name} END", []

    def _unless_held(self, column: str, alias: str) -> str:
        return f" AND {alias}.whole" if column in self.shape.held else ""

    def _whole(self) -> str:
        columns = [(self.shape.column_of(name), value) for name, value in self.shape.rules.unless]
        if not columns:
            return "false"
        return "({})".format(
            " AND ".join(
                "coalesce({}, true)".format(
                    " OR ".join(f"{alias}.{quote(column)} = {literal(value)}" for column, value in columns)
                )
                for alias in ("live", "before", "after")
            )
        )

    def _differs(self, one: str, other: str) -> str:
        free, held = (rows_differ(one, other, columns) for columns in (self.shape.free, self.shape.held))
        return f"({free} OR ({self._whole()} AND {held}))"


def among(shape: Shape, chosen: list[Any] | None) -> tuple[str, list[Any]]:
    """Return the condition, with its parameters, that a version is one of a chosen object."""
    return ("true", []) if chosen is None else (f"{quote(shape.key)} = ANY(%s)", [chosen])


def rows_differ(one: str, other: str, columns: Sequence[str]) -> str:
    """Return the condition that two rows differ in any of `columns`."""
    if not columns:
        return "false"
    left, right = (", ".join(f"{alias}.{quote(column)}" for column in columns) for alias in (one, other))
    return f"(ROW({left}) IS DISTINCT FROM ROW({right}))"


def _differ(one: str, other: str, column: str) -> str:
    return f"{one}.{quote(column)} IS DISTINCT FROM {other}.{quote(column)}"


def literal(value: str | bool) -> str:
    """Return a text (a column's name, mostly) or a truth as a literal in SQL."""
    return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"


def blank(secret: Any) -> Any:
    """Return what a column that the history does not keep holds when its row comes back: nothing, or its default.

    An empty text signs nobody in and matches no hash.
    """
    if secret.null:
        return None
    return secret.get_db_prep_save(secret.get_default(), connection)
