"""Imports: 10,000 new and changed products against stock import-export and bare COPY, and a year of real sales."""

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tablib
from django.conf import settings
from django.db import connection, transaction
from import_export.resources import ModelResource

from backoffice.spreadsheets.merging import default_values
from backoffice.spreadsheets.services import Request, import_file
from catalog.models import Product
from tests.benchmarks.figures import Figure, peak_memory, seconds

PRODUCTS = 10_000
FIELDS = ("sku", "name", "barcode", "price", "tax_rate", "status")
ONLINE_RETAIL = Path(settings.BASE_DIR).parent / "shared" / "data" / "online_retail" / "online_retail.csv.gz"


class StockProductResource(ModelResource):
    """What the library's documentation would have one write."""

    class Meta:
        model = Product
        import_id_fields = ("sku",)
        fields = FIELDS
        skip_unchanged = True
        use_transactions = True


def run() -> Iterator[Figure]:
    """Yield the figures; each measurement is rolled back, so that the next finds the same tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "products.csv"
        write_products(path, price="2.50")
        yield Figure(
            name="10,000 products, create, with history",
            ours=undone(lambda: ours("products", path), times=3),
            stock=undone(lambda: stock(path)),
            limit=undone(lambda: bare_copy(path), times=3),
            budget=0.35,
        )
        with rolled_back():
            ours("products", path)
            yield Figure(name="10,000 products, unchanged", ours=undone(lambda: ours("products", path)))
            write_products(path, price="2.50", changed_price="2.75")
            yield Figure(
                name="10,000 products, 1,000 of them changed, with history",
                ours=undone(lambda: ours("products", path), times=3),
                stock=undone(lambda: stock(path)),
            )
    if ONLINE_RETAIL.exists():
        yield from real_sales()


def real_sales() -> Iterator[Figure]:
    """Import 541,909 order lines into four tables, and once more to no effect."""
    with rolled_back():
        yield Figure(
            name="541,909 order lines into four tables",
            ours=seconds(lambda: ours("orders", ONLINE_RETAIL)),
            budget=60,
        )
        yield Figure(name="541,909 order lines, unchanged", ours=seconds(lambda: ours("orders", ONLINE_RETAIL)))
    yield Figure(name="peak memory of the importing process", ours=peak_memory(), budget=300, unit="MiB")


def ours(resource: str, path: Path) -> None:
    """Import a file as the command does."""
    outcome, _change_set = import_file(request=Request(resource=resource, path=path, filename=path.name), apply=True)
    if outcome.refused:
        raise ValueError(outcome.problems[:3])


def stock(path: Path) -> None:
    """Import the same file with the stock library."""
    dataset = tablib.Dataset().load(path.read_text(), format="csv")
    StockProductResource().import_data(dataset, raise_errors=True)


def bare_copy(path: Path) -> None:
    """Do what no import can do without: COPY, one INSERT, and the history that triggers write."""
    fixed = default_values(Product, FIELDS)
    names = ", ".join(FIELDS)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE bare (sku text, name text, barcode text, price numeric, tax_rate numeric, status text)"
        )
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(path.read_bytes())
        cursor.execute(
            f"INSERT INTO catalog_product ({names}, {', '.join(fixed)})"
            f" SELECT {names}, {', '.join(f'%({name})s' for name in fixed)} FROM bare",
            fixed,
        )
        cursor.execute("DROP TABLE bare")


def write_products(path: Path, *, price: str, changed_price: str = "") -> None:
    """Write the file: codes, names, barcodes, prices; every tenth product has the `changed_price`, if there is one."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for number in range(PRODUCTS):
            shown = price if number % 10 else changed_price or price
            writer.writerow([f"SKU-{number:06}", f"Product number {number}", f"40{number:011}", shown, "20", "active"])


def undone(work: Callable[[], object], *, times: int = 1) -> float:
    """Return the best time of `work`, each time rolled back outside the measurement."""

    def once() -> float:
        with rolled_back():
            return seconds(work)

    return min(once() for _time in range(times))


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo all that is written inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
