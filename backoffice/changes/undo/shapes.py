"""What PostgreSQL itself knows of a table: the constraints that a row must pass, as expressions over its columns.

They come from the catalogue, not from the models, so that whatever migrations put there is checked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from backoffice.changes.rules import UndoRules

UNCOMPARED = frozenset({"created_at", "updated_at"})

GENERATED = """
    SELECT a.attname, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute AS a JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %s::regclass AND a.attgenerated <> ''
    ORDER BY a.attnum
"""
CHECKS = """
    SELECT conname, pg_get_expr(conbin, conrelid) FROM pg_constraint
    WHERE conrelid = %s::regclass AND contype = 'c'
    ORDER BY conname
"""
FILLED = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnotnull AND attnum > 0 ORDER BY attnum"
UNIQUES = """
    SELECT c.relname,
        ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) AS n),
        coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'),
        i.indnullsnotdistinct
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s::regclass AND i.indisunique AND NOT i.indisprimary
    ORDER BY c.relname
"""
REFERENCES = """
    SELECT child.relname, child_column.attname, parent.relname, parent_column.attname
    FROM pg_constraint AS k
    JOIN pg_class AS child ON child.oid = k.conrelid
    JOIN pg_class AS parent ON parent.oid = k.confrelid
    JOIN pg_attribute AS child_column ON child_column.attrelid = k.conrelid AND child_column.attnum = k.conkey[1]
    JOIN pg_attribute AS parent_column ON parent_column.attrelid = k.confrelid AND parent_column.attnum = k.confkey[1]
    WHERE k.contype = 'f' AND %s::regclass IN (k.conrelid, k.confrelid) AND cardinality(k.conkey) = 1
    ORDER BY child.relname, child_column.attname
"""


@dataclass(frozen=True)
class Unique:
    """A unique index: its name, key expressions, the rows it holds, and whether two NULLs are equal."""

    name: str
    keys: tuple[str, ...]
    predicate: str
    nulls_equal: bool


@dataclass(frozen=True)
class Reference:
    """A foreign key between two columns of two tables."""

    child: str
    child_column: str
    parent: str
    parent_column: str


@dataclass(frozen=True)
class Shape:
    """A tracked model as the database sees it. Columns are bare names; expressions are ready for a statement."""

    model: type[models.Model]
    rules: UndoRules
    table: str
    history: str
    key: str
    stored: tuple[str, ...]
    free: tuple[str, ...]
    held: tuple[str, ...]
    secret: tuple[str, ...]
    generated: dict[str, str]
    checks: dict[str, str]
    filled: tuple[str, ...]
    uniques: tuple[Unique, ...]
    references: tuple[Reference, ...]

    @property
    def parents(self) -> list[Reference]:
        return [reference for reference in self.references if reference.child == self.table]

    @property
    def children(self) -> list[Reference]:
        return [reference for reference in self.references if reference.parent == self.table]

    def column_of(self, name: str) -> str:
        """Return the column that the field `name` is stored in."""
        field: Any = self.model._meta.get_field(name)
        return str(field.column)

    def field_of(self, column: str) -> Any:
        """Return the field of the model that is stored in `column`."""
        return next(field for field in self.model._meta.concrete_fields if field.column == column)


def quote(name: str) -> str:
    """Return an identifier, safe in a statement that is sent with parameters."""
    return connection.ops.quote_name(name).replace("%", "%%")


def shape_of(model: type[models.Model]) -> Shape:
    """Return the shape of a tracked model."""
    opts, table = model._meta, model._meta.db_table
    rules: UndoRules = model.undo_rules  # type: ignore[attr-defined]
    fields = [field for field in opts.concrete_fields if not field.generated]
    secret = _columns(model, model.history_excluded)  # type: ignore[attr-defined]
    held = _columns(model, rules.keeps)
    restorable = [
        field.column for field in fields if not field.primary_key and field.column not in secret | UNCOMPARED | held
    ]
    return Shape(
        model=model,
        rules=rules,
        table=table,
        history=model.history.model._meta.db_table,  # type: ignore[attr-defined]
        key=str(opts.pk.column),
        stored=tuple(str(field.column) for field in fields),
        free=tuple(str(column) for column in restorable),
        held=tuple(sorted(held)),
        secret=tuple(sorted(secret)),
        generated={name: _safe(text) for name, text in _ask(GENERATED, table)},
        checks={name: _safe(text) for name, text in _ask(CHECKS, table)},
        filled=tuple(name for (name,) in _ask(FILLED, table)),
        uniques=tuple(
            Unique(name, tuple(map(_safe, keys)), _safe(predicate), nulls_equal)
            for name, keys, predicate, nulls_equal in _ask(UNIQUES, table)
        ),
        references=tuple(Reference(*row) for row in _ask(REFERENCES, table)),
    )


def _columns(model: type[models.Model], names: Iterable[str]) -> set[str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    return {str(field.column) for field in fields}


def _ask(statement: str, table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.quote_name(table)])
        return list(cursor.fetchall())


def _safe(expression: str) -> str:
    return expression.replace("%", "%%")
