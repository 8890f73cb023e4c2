"""The cost of history: writes with the triggers, with django-simple-history's own helpers, and without any."""

import statistics
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, models
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from catalog.models import Product
from tests.benchmarks.bench_imports import rolled_back
from tests.benchmarks.figures import Figure, seconds

ROWS = 20_000
SAVES = 300
TIMES = 3

Rows = list[Any]


def stock_model() -> Any:
    """Return a model with the product's columns whose history is the library's own."""
    fields = {field.name: field.clone() for field in Product._meta.concrete_fields if not field.generated}
    fields["category"] = models.ForeignKey("catalog.Category", models.PROTECT, null=True, related_name="+")
    meta = type("Meta", (), {"app_label": "catalog", "db_table": "benchmarks_product"})
    fields |= {"Meta": meta, "__module__": __name__, "history": HistoricalRecords()}
    return type("StockProduct", (models.Model,), fields)


def run() -> Iterator[Figure]:
    """Yield the figures. Both tables have the same columns, indexes and constraints, and hold the same rows."""
    stock = stock_model()
    with rolled_back():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE benchmarks_product (LIKE catalog_product INCLUDING ALL)")
        with connection.schema_editor() as editor:
            editor.create_model(stock.history.model)
        create = (Product.objects.bulk_create, lambda rows: bulk_create_with_history(rows, stock, batch_size=1000))
        yield measured("bulk_create of 20,000 rows", stock, create, kept=False)
        save = (one_by_one, one_by_one)
        yield measured(f"one save, of {SAVES}", stock, save, budget=2, count=SAVES, unit="ms", scale=1000 / SAVES)
        update = (at_once, lambda rows: bulk_update_with_history(rows, stock, ["price"], batch_size=1000))
        yield measured("update of 20,000 rows", stock, update, budget=4)


def measured(
    name: str,
    stock: Any,
    ways: tuple[Callable[[Rows], object], Callable[[Rows], object]],
    *,
    budget: float | None = None,
    count: int = ROWS,
    kept: bool = True,
    unit: str = "s",
    scale: float = 1,
) -> Figure:
    """Return the medians of ours, the library's way and ours without triggers; `budget` is how many times the last."""
    ours, theirs = ways
    taken: dict[str, list[float]] = {"ours": [], "stock": [], "limit": []}
    for _time in range(TIMES):
        taken["ours"].append(once(Product, ours, count, kept=kept))
        taken["stock"].append(once(stock, theirs, count, kept=kept))
        taken["limit"].append(once(Product, ours, count, kept=kept, triggers=False))
    found = {whose: statistics.median(times) * scale for whose, times in taken.items()}
    return Figure(name=name, unit=unit, budget=budget * found["limit"] if budget else None, **found)


def once(model: Any, work: Callable[[Rows], object], count: int, *, kept: bool, triggers: bool = True) -> float:
    """Return how long `work` takes on new rows, or on rows that are there with a new price; it is undone after."""
    with rolled_back():
        rows = [model(sku=f"SKU-{number:06}", name=f"Product {number}", price="2.50") for number in range(count)]
        switch(model, on=False)
        if kept:
            model._base_manager.bulk_create(rows)
            rows = list(model._base_manager.order_by("pk"))
        switch(model, on=triggers)
        for row in rows:
            row.price = 3
        return seconds(lambda: work(rows))


def switch(model: Any, *, on: bool) -> None:
    """Turn the triggers of a table on or off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {model._meta.db_table} {'ENABLE' if on else 'DISABLE'} TRIGGER USER")


def one_by_one(rows: Rows) -> None:
    """Save each row."""
    for row in rows:
        row.save()


def at_once(rows: Rows) -> None:
    """Change all rows with one statement."""
    Product.objects.update(price=3)
