"""Undo: a change of 100,000 products, their removal and re-creation, against the bare UPDATE with history."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import preview_undo, undo_change_set
from tests.benchmarks.figures import Figure, seconds

PRODUCTS = 100_000
CREATE = """
    INSERT INTO catalog_product (sku, name, status, description, barcode, price, tax_rate, tags, allow_backorder,
        reorder_level, on_hand, reserved)
    SELECT 'SKU-' || n, 'Product number ' || n, 'active', '', '', 2.50, 20, '{}', false, 0, 0, 0
    FROM generate_series(1, %s) AS n
"""
RAISE = "UPDATE catalog_product SET price = price * 1.1"
LOWER = "UPDATE catalog_product SET price = 2.50"


def run() -> Iterator[Figure]:
    """Yield the figures; all is rolled back."""
    with transaction.atomic():
        made = recorded(lambda: execute(CREATE, [PRODUCTS]))
        raised = recorded(lambda: execute(RAISE))
        yield Figure(name="100,000 products, preview of an undo", ours=seconds(lambda: preview_undo(raised)))
        yield Figure(
            name="100,000 products, undo of a change",
            ours=seconds(lambda: undo(raised)),
            limit=bare_limit(),
            budget=15,
        )
        yield Figure(name="100,000 products, undo of an import", ours=seconds(lambda: undo(made)), budget=15)
        removal = ChangeSet.objects.get(undo_of=made)
        yield Figure(name="100,000 products, undo of a deletion", ours=seconds(lambda: undo(removal)), budget=15)
        transaction.set_rollback(True)


def undo(change_set: ChangeSet) -> None:
    """Undo the whole change set; a conflict would be an error."""
    undo_change_set(change_set=change_set, actor=None, conflicts="fail")


def bare_limit() -> float:
    """Return how long the change itself takes, with the history that triggers write."""
    with transaction.atomic():
        execute(RAISE)
        taken = seconds(lambda: execute(LOWER))
        transaction.set_rollback(True)
    return taken


def recorded(write: Callable[[], Any]) -> ChangeSet:
    """Return the change set of what `write` writes."""
    with recording(kind="import") as context:
        write()
    return ChangeSet.objects.get(key=context.key)


def execute(statement: str, params: list[Any] | None = None) -> None:
    """Execute a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        cursor.execute("ANALYZE catalog_product, catalog_historicalproduct")
