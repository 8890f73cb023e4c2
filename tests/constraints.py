"""Breaking the rules of the database by SQL, and finding those that nobody tries to break."""

import pytest
from django.db import IntegrityError, connection, transaction

RULES = r"""
    SELECT rule.conname FROM pg_constraint AS rule
    JOIN pg_class AS broken ON broken.oid = rule.conrelid
    WHERE rule.contype IN ('c', 'u', 'x') AND broken.relname = ANY (%(tables)s)
    UNION
    SELECT rule.relname FROM pg_index
    JOIN pg_class AS rule ON rule.oid = indexrelid JOIN pg_class AS broken ON broken.oid = indrelid
    WHERE indisunique AND NOT indisprimary AND broken.relname = ANY (%(tables)s)
    UNION
    SELECT (regexp_match(prosrc, 'CONSTRAINT = ''(\w+)'''))[1] FROM pg_trigger
    JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class AS broken ON broken.oid = tgrelid
    WHERE prosrc LIKE '%%CONSTRAINT = %%' AND broken.relname = ANY (%(tables)s)
"""


def refused_by(sql: str) -> str | None:
    """Return the name of the rule that refuses `sql`; a statement that passes fails the test."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    name: str | None = refusal.value.__cause__.diag.constraint_name  # type: ignore[union-attr]
    return name


def rules_of(app: str) -> set[str]:
    """Return the names of all checks, unique keys and refusing triggers of an app's tables, as the database has them.

    Primary and foreign keys are Django's own affair; history tables have no rules but to be appended to.
    """
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name.startswith(f"{app}_")]
        cursor.execute(RULES, {"tables": [name for name in tables if "_historical" not in name]})
        return {name for (name,) in cursor.fetchall()}
