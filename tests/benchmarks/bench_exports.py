"""Exports: 100,000 products in each format and a million orders, against stock import-export and bare COPY."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection
from import_export.formats.base_formats import CSV, JSON, XLSX
from import_export.resources import ModelResource

from backoffice.accounts.models import User
from backoffice.desk.bulk import acting
from backoffice.desk.exporting import AS_LISTED, columns_of, prepared
from backoffice.desk.sites import desk_site
from backoffice.spreadsheets.exports import export_sheet, write_rows
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import Request, import_file
from catalog.models import Product
from orders.models import Order, OrderLine
from tests.benchmarks.bench_imports import growth_and_seconds, rolled_back
from tests.benchmarks.figures import Figure, peak_growth, seconds
from tests.bulk import fill_shop

PRODUCTS = 100_000
FIELDS = (
    "sku",
    "name",
    "description",
    "category__name",
    "barcode",
    "price",
    "cost",
    "tax_rate",
    "status",
    "tags",
    "allow_backorder",
    "reorder_level",
)
BUDGETS = {".csv": 0.5, ".xlsx": 2.6, ".ods": 2.6, ".json": 0.5}
STOCK_FORMATS = {".csv": CSV, ".xlsx": XLSX, ".json": JSON}
ORDERS = 1_000_000
ORDER_FIELDS = (
    *("order__number", "order__placed_at", "order__kind", "order__customer__number", "order__email", "order__country"),
    *("order__currency", "order__channel", "order__shipping", "sku", "name", "quantity", "unit_price", "discount"),
    "tax_rate",
)
ORDERS_BUDGET = 2
MEMORY_BUDGET = 20


class StockProductResource(ModelResource):
    """What the library's documentation would have one write."""

    class Meta:
        model = Product
        fields = FIELDS


class StockOrderResource(ModelResource):
    """The same of the lines of orders, with what their order says."""

    class Meta:
        model = OrderLine
        fields = ORDER_FIELDS


def run() -> Iterator[Figure]:
    """Yield the figures of all formats; the rows are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, rolled_back():
        make_products(Path(folder) / "products.csv")
        products = Product.objects.select_related("category")
        for suffix, budget in BUDGETS.items():
            path = Path(folder) / f"export{suffix}"
            form = STOCK_FORMATS.get(suffix)
            yield from figures(
                f"{PRODUCTS:,} products as {suffix}",
                exporting("products", path),
                stock(form, StockProductResource(), products, path) if form else None,
                partial(bare_copy, products.values_list(*FIELDS), path, as_objects=suffix == ".json"),
                budget=budget,
            )
    with tempfile.TemporaryDirectory() as folder, rolled_back():
        fill_shop(ORDERS, products=2_000)
        path = Path(folder) / "orders.csv"
        lines = OrderLine.objects.select_related("order__customer")
        yield from figures(
            f"{ORDERS:,} orders as .csv",
            exporting("orders", path),
            stock(CSV, StockOrderResource(), lines, path),
            partial(bare_copy, lines.values_list(*ORDER_FIELDS), path),
            budget=ORDERS_BUDGET,
        )
        rows, columns = order_list()
        yield from figures(
            f"{ORDERS:,} orders as their list shows them",
            lambda: write_rows(rows, columns, path),
            None,
            partial(bare_copy, rows.values_list(*(column.value for column in columns.values())), path),
            budget=ORDERS_BUDGET,
        )


def figures(
    name: str,
    ours: Callable[[], object],
    theirs: Callable[[], object] | None,
    limit: Callable[[], object],
    *,
    budget: float,
) -> Iterator[Figure]:
    """Yield time and memory of one export."""
    memory = peak_growth(ours)
    stock_memory, stock_seconds = growth_and_seconds(theirs) if theirs else (None, None)
    yield Figure(
        name=name,
        ours=seconds(ours, times=5),
        stock=stock_seconds,
        limit=seconds(limit, times=5),
        budget=budget,
    )
    yield Figure(name=f"{name}, memory", ours=memory, stock=stock_memory, budget=MEMORY_BUDGET, unit="MiB")


def order_list() -> tuple[Any, Any]:
    """Return the rows and columns of the list of orders, nothing filtered."""
    owner = User.objects.create_superuser("bench@example.com")
    shown = columns_of(desk_site().get_model_admin(Order), acting(owner), AS_LISTED)
    return prepared(
        model_label=Order._meta.label_lower, sheet=AS_LISTED, columns=list(shown), query="", keys=None, user=owner
    )


def exporting(resource: str, path: Path) -> Callable[[], object]:
    """Return our export, as the command does it."""
    return lambda: export_sheet(get_resource(resource), path)


def stock(form: type[CSV], resource: ModelResource, rows: Any, path: Path) -> Callable[[], object]:
    """Return the stock library's export to the same kind of file."""

    def export() -> None:
        content = form().export_data(resource.export(rows))
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return export


def bare_copy(rows: Any, path: Path, *, as_objects: bool = False) -> None:
    """Do what no export can do without: COPY of the same columns, or of the objects that PostgreSQL makes of them."""
    query, params = rows.query.sql_with_params()
    if as_objects:
        query = f"SELECT row_to_json(exported) FROM ({query}) AS exported"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)".encode(), params or None) as copy,
        path.open("wb") as file,
    ):
        for block in copy:
            file.write(block)


def make_products(path: Path) -> None:
    """Import the products that are exported."""
    with path.open("w") as file:
        file.write("sku,name,barcode,price,cost,tax_rate,status,tags\n")
        for number in range(PRODUCTS):
            file.write(f'SKU-{number:06},Product number {number},40{number:011},2.50,1.10,20,active,"red, new"\n')
    import_file(request=Request(resource="products", path=path, filename=path.name), apply=True)
