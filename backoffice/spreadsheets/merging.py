"""One table's share of an import: what its rows become, and the statements that make it so."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import batched, pairwise
from operator import itemgetter
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED
from django.utils.translation import gettext as _

CREATE, UPDATE, UNCHANGED = "create", "update", "unchanged"
MANY_ROWS = 1000
# So many are written by one statement: about a second's work.
ROWS_A_BATCH = 50_000


@dataclass(frozen=True, kw_only=True)
class Merge:
    """How the staging table `relation` goes into the table of `model`.

    The relation has `row` (of the file), `id` (of the existing row, or null), `action`, a column for each of `inserted`
    and `updated` (columns of the model's table), and for each of `updated` the value it had, as `was_<column>`.
    `key` is SQL over the relation's columns: the words in which a person knows the row. `taken` is an SQL condition
    between the relation `w` and the table `t` under which a row to be created exists already. `prepare` are statements
    to run first, such as filling in the ids of rows that the merge before this one created. `values` are the same in
    all new rows. A merge that `follows` writes nothing: triggers of another one change its rows, which are counted,
    locked and compared all the same. Where the relation lacks the rows that stay as they are, `compared` is the FROM
    clause of all that were compared.
    """

    name: str
    model: type[models.Model]
    relation: str
    inserted: tuple[str, ...]
    updated: tuple[str, ...]
    key: str
    taken: str
    prepare: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    new_rows: str = ""
    follows: bool = False
    compared: str = ""
    shown: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The name of the model's table."""
        return str(self.model._meta.db_table)

    @property
    def label(self) -> str:
        """The name under which change sets count the model."""
        return str(self.model._meta.label_lower)

    @property
    def writes(self) -> tuple[str, ...]:
        """What it does by itself."""
        if self.follows:
            return ()
        return (CREATE, UPDATE) if self.updated else (CREATE,)

    def counts(self) -> dict[str, int]:
        """Return how many rows the merge creates, updates and leaves."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT action, count(*) FROM {self.relation} GROUP BY action")
            found = dict(cursor.fetchall())
            if self.compared:
                cursor.execute(f"SELECT count(*) FROM {self.compared}")
                found[UNCHANGED] = cursor.fetchone()[0] - sum(found.values())
        return {action: found.get(action, 0) for action in (CREATE, UPDATE, UNCHANGED)}

    def lock(self) -> None:
        """Lock the rows that will change, in primary-key order."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM (SELECT FROM {self.table} WHERE id IN"
                f" (SELECT id FROM {self.relation} WHERE action = '{UPDATE}') ORDER BY id FOR NO KEY UPDATE) AS locked"
            )

    def conflicts(self, limit: int) -> list[dict[str, Any]]:
        """Return what is no longer as it was when it was checked, in the order of the rows.

        Each has row, key, and for each column that changed what it was at the check, is now and would become; a row
        to be created that is there by now has none.
        """
        changed = [f't."{name}" IS DISTINCT FROM w."was_{name}"' for name in self.updated]
        values = "".join(
            f", {self._words(name, value)}"
            for name in self.updated
            for value in (_quoted("w", f"was_{name}"), _quoted("t", name), _quoted("w", name))
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT row, ({self.key})::text{values} FROM {self.relation} AS w"
                f" LEFT JOIN {self.table} AS t ON t.id = w.id"
                f" WHERE action = '{UPDATE}' AND ({' OR '.join(['t.id IS NULL', *changed])}) ORDER BY row LIMIT {limit}"
            )
            edited = [_conflict(row, self.updated) for row in cursor.fetchall()]
            cursor.execute(
                f"SELECT row, ({self.key})::text FROM {self.relation} AS w JOIN {self.table} AS t"
                f" ON {self.taken} WHERE action = '{CREATE}' ORDER BY row LIMIT {limit}"
            )
            return sorted([*edited, *(_conflict(row, ()) for row in cursor.fetchall())], key=itemgetter("row"))[:limit]

    def run_prepared(self) -> None:
        """Run the statements that come before the merge."""
        with connection.cursor() as cursor:
            for statement in self.prepare:
                cursor.execute(statement)

    def write(self, action: str, expected: int, *, at_once: bool) -> Iterator[int]:
        """Insert the new rows, in the order of the file, or update those that differ; yield how many, batch by batch.

        `expected` is how many the check counted; for none there is no statement. A batch is one; `at_once` makes one
        of all.
        """
        if not expected:
            return
        statement, params = self._insert() if action == CREATE else self._update()
        for rows in self._batches(action, 0 if at_once else expected):
            with connection.cursor() as cursor:
                cursor.execute(statement.format(rows=rows), params)
                changed = int(cursor.rowcount)
            yield changed

    def tell_planner(self, created: int) -> None:
        """Make what is known of the table true after many new rows: who joins them next, such as the check of the same
        file, would do it one by one, as if there were few.
        """
        if created >= MANY_ROWS:
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {self.table}")

    def _insert(self) -> tuple[str, dict[str, Any]]:
        fixed = {**default_values(self.model, self.inserted), **self.values}
        names = [*self.inserted, *fixed]
        chosen = [f'"{name}"' for name in self.inserted] + [f"%({name})s" for name in fixed]
        into, source = f"{self.table} ({_listed(names)})", self.new_rows or self.relation
        chosen_rows = f"WHERE action = '{CREATE}' {{rows}} ORDER BY row"
        return f"INSERT INTO {into} SELECT {', '.join(chosen)} FROM {source} {chosen_rows}", fixed

    def _update(self) -> tuple[str, None]:
        changes = ", ".join(f'"{name}" = w."{name}"' for name in self.updated)
        chosen_rows = f"(SELECT * FROM {self.relation} WHERE action = '{UPDATE}' {{rows}})"
        return f"UPDATE {self.table} AS t SET {changes} FROM {chosen_rows} AS w WHERE t.id = w.id", None

    def _batches(self, action: str, rows: int) -> Iterator[str]:
        """Yield conditions that part the rows to create or update by their place in the file."""
        ends: list[int] = []
        if rows > ROWS_A_BATCH:
            numbered = f"SELECT row, row_number() OVER (ORDER BY row) AS place FROM {self.relation}"
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT row FROM ({numbered} WHERE action = '{action}') AS numbered"
                    f" WHERE place % {ROWS_A_BATCH} = 0 ORDER BY row"
                )
                ends = [end for (end,) in cursor.fetchall()]
        for after, upto in pairwise([None, *ends, None]):
            parts = ["" if after is None else f"AND row > {after}", "" if upto is None else f"AND row <= {upto}"]
            yield " ".join(parts)

    def samples(self, action: str, limit: int, **narrowed: Any) -> list[dict[str, Any]]:
        """Return the first rows that are created or updated: their key, and old and new value of what changes.

        They may be `narrowed` as `differences` says.
        """
        names = self.updated if action == UPDATE or self.new_rows else self.inserted
        new = "".join(f", {self._words(name, _quoted('w', name))}" for name in names)
        old = "".join(f", {self._words(name, _quoted('w', f'was_{name}'))}" for name in names)
        condition, params = self._narrowed(action, **narrowed)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT row, ({self.key})::text{new}{old if action == UPDATE else ''}"
                f" FROM {self.relation} AS w WHERE {condition} ORDER BY row LIMIT {limit}",
                params or None,
            )
            return [_sample(row, names, action) for row in cursor.fetchall()]

    def differences(self, *, limit: int, action: str = "", **narrowed: Any) -> list[dict[str, Any]]:
        """Return the next rows that are created or updated, in the order of the file.

        They may be narrowed to those `after` a row, with a `search` text in their key, or whose `column` changes.
        """
        actions = [action] if action else [UPDATE, CREATE]
        found = [sample for each in actions for sample in self.samples(each, limit, **narrowed)]
        return sorted(found, key=itemgetter("row"))[:limit]

    def changed_columns(self) -> list[int]:
        """Return in how many of the rows to update each of the updated columns changes."""
        if not self.updated:
            return []
        counts = ", ".join(
            f"count(*) FILTER (WHERE {_quoted('w', name)} IS DISTINCT FROM {_quoted('w', f'was_{name}')})"
            for name in self.updated
        )
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {counts} FROM {self.relation} AS w WHERE action = '{UPDATE}'")
            return list(cursor.fetchone())

    def _narrowed(
        self, action: str, *, after: int = 0, search: str = "", column: str = ""
    ) -> tuple[str, dict[str, Any]]:
        conditions, params = [f"w.action = '{action}'"], dict[str, Any]()
        if after:
            conditions.append("w.row > %(after)s")
            params["after"] = after
        if search:
            conditions.append(f"strpos(upper(({self.key})::text), upper(%(search)s)) > 0")
            params["search"] = search
        if column in self.updated:
            changes = f"{_quoted('w', column)} IS DISTINCT FROM {_quoted('w', f'was_{column}')}"
            conditions.append(changes if action == UPDATE else f"{_quoted('w', column)} IS NOT NULL")
        return " AND ".join(conditions), params

    def _words(self, name: str, value: str) -> str:
        return self.shown.get(name, "{}").format(value)


def _quoted(alias: str, name: str) -> str:
    return f'{alias}."{name}"'


def _conflict(row: tuple[Any, ...], names: Sequence[str]) -> dict[str, Any]:
    values = batched(row[2:], 3)
    changes = {
        name: [_shown(value) for value in (was, now, wanted)]
        for name, (was, now, wanted) in zip(names, values, strict=True)
        if was != now
    }
    return {"row": row[0], "key": row[1], "changes": changes}


def _sample(row: tuple[Any, ...], names: tuple[str, ...], action: str) -> dict[str, Any]:
    new = row[2 : 2 + len(names)]
    old = row[2 + len(names) :] or (None,) * len(names)
    changes = {
        name: [_shown(before), _shown(after)]
        for name, before, after in zip(names, old, new, strict=True)
        if action == CREATE or before != after
    }
    return {"row": row[0], "key": row[1], "action": action, "changes": changes}


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, Decimal):
        return plain_amount(value)
    return str(value)


def plain_amount(value: Decimal) -> str:
    """Return a number without the zeros that its column adds, but for two decimals, as amounts have them."""
    whole, _point, decimals = f"{value:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def default_values(model: type[models.Model], given: Iterable[str]) -> dict[str, Any]:
    """Return what Django puts into the columns that are not `given` and have no default in the database."""
    return {
        str(field.column): field.get_db_prep_save(field.get_default(), connection)
        for field in model._meta.concrete_fields
        if str(field.column) not in given
        and not field.generated
        and not field.primary_key
        and field.db_default is NOT_PROVIDED
    }


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def conflict_sentence(key: str) -> str:
    """Return why an import that was checked cannot be applied any more."""
    return _("“%(key)s” was changed after the check. Check the file again; nothing was written.") % {"key": key}
