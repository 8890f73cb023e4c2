"""Exports: 100,000 products as CSV and XLSX, against stock import-export and bare COPY; time and memory."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.db import connection
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import Request, import_file
from catalog.models import Product
from tests.benchmarks.bench_imports import rolled_back
from tests.benchmarks.figures import Figure, peak_growth, seconds

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
BUDGETS = {".csv": 0.5, ".xlsx": 2.6}
MEMORY_BUDGET = 20


class StockProductResource(ModelResource):
    """What the library's documentation would have one write."""

    class Meta:
        model = Product
        fields = FIELDS


def run() -> Iterator[Figure]:
    """Yield the figures of both formats; the products are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, rolled_back():
        make_products(Path(folder) / "products.csv")
        for suffix, form in ((".csv", CSV), (".xlsx", XLSX)):
            path = Path(folder) / f"export{suffix}"
            ours, theirs = exporting(path), stock(form, path)
            memory = peak_growth(ours)
            stock_memory, stock_seconds = growth_and_seconds(theirs)
            yield Figure(
                name=f"100,000 products as {suffix}",
                ours=seconds(ours, times=3),
                stock=stock_seconds,
                limit=seconds(partial(bare_copy, path), times=3) if suffix == ".csv" else None,
                budget=BUDGETS[suffix],
            )
            yield Figure(
                name=f"100,000 products as {suffix}, memory",
                ours=memory,
                stock=stock_memory,
                budget=MEMORY_BUDGET,
                unit="MiB",
            )


def growth_and_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return memory and time of one run: the stock library takes long enough."""
    times: list[float] = []
    growth = peak_growth(lambda: times.append(seconds(work)))
    return growth, times[0]


def exporting(path: Path) -> Callable[[], object]:
    """Return our export, as the command does it."""
    return lambda: export_sheet(get_resource("products"), path)


def stock(form: type[CSV], path: Path) -> Callable[[], object]:
    """Return the stock library's export to the same kind of file."""

    def export() -> None:
        content = form().export_data(StockProductResource().export(Product.objects.select_related("category")))
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return export


def bare_copy(path: Path) -> None:
    """Do what no export can do without: COPY of the same columns."""
    names = ", ".join("category.name" if name == "category__name" else f"t.{name}" for name in FIELDS)
    query = (
        f"SELECT {names} FROM catalog_product AS t LEFT JOIN catalog_category AS category ON category.id = category_id"
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as copy,
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
