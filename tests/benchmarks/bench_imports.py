"""Imports: new and changed products against stock import-export and bare COPY, and a year of real sales."""

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tablib
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse
from import_export.resources import ModelResource

from backoffice.accounts.models import User
from backoffice.accounts.roles import CATALOGUE_MANAGER
from backoffice.accounts.services import grant_role
from backoffice.spreadsheets.merging import default_values
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.services import Request, import_file
from catalog.models import Product
from tests.benchmarks.figures import Figure, peak_growth, peak_memory, seconds

PRODUCTS = 10_000
MANY_PRODUCTS = 500_000
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
    with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
        path = Path(folder) / "products.csv"
        write_products(path, price="2.50")
        yield Figure(
            name="10,000 products, create, with history",
            ours=undone(lambda: ours("products", path), times=3),
            stock=undone(lambda: stock(path)),
            limit=undone(lambda: bare_copy(path), times=3),
            budget=0.35,
        )
        yield Figure(
            name="the same: upload, check and confirm on the pages",
            ours=undone(lambda: on_the_pages(path), times=3),
            budget=2,
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
        yield from many_products(path)
    if ONLINE_RETAIL.exists():
        yield from real_sales()


def many_products(path: Path) -> Iterator[Figure]:
    """Create half a million products, and change a tenth of them by a file of all; time and memory of both."""
    write_products(path, price="2.50", count=MANY_PRODUCTS)
    name, memory = f"{MANY_PRODUCTS:,} products, create, with history", "memory meanwhile"
    limit = undone(lambda: bare_copy(path))
    with rolled_back():
        used, taken = growth_and_seconds(lambda: ours("products", path))
        yield Figure(name=name, ours=taken, limit=limit, budget=15)
        yield Figure(name=memory, ours=used, budget=150, unit="MiB")
        write_products(path, price="2.50", changed_price="2.75", count=MANY_PRODUCTS)
        limit = undone(lambda: bare_update(path))
        used, taken = growth_and_seconds(lambda: ours("products", path))
        name = f"{MANY_PRODUCTS:,} products, {MANY_PRODUCTS // 10:,} of them changed"
        yield Figure(name=name, ours=taken, limit=limit, budget=4)
        yield Figure(name=memory, ours=used, budget=150, unit="MiB")


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


def on_the_pages(path: Path) -> None:
    """Import a file as a person does: upload it, be shown what it would do, apply it, and be shown that it is done."""
    manager = User.objects.create_user("bench@example.com")
    grant_role(user=manager, role=CATALOGUE_MANAGER)
    client = Client()
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    with path.open("rb") as file:
        shown = client.post(
            reverse("admin:spreadsheets_importjob_add"), {"resource": "products", "file": file}, follow=True
        )
    job = ImportJob.objects.get()
    confirm = reverse("admin:spreadsheets_importjob_confirm", args=[job.pk])
    done = client.post(confirm, {"seen": job.check_mark}, follow=True)
    if f"Apply all {PRODUCTS:,} rows" not in shown.text or f"{PRODUCTS:,} rows were applied." not in done.text:
        raise ValueError(done.text)


def stock(path: Path) -> None:
    """Import the same file with the stock library."""
    dataset = tablib.Dataset().load(path.read_text(), format="csv")
    StockProductResource().import_data(dataset, raise_errors=True)


def bare_copy(path: Path) -> None:
    """Do what no import can do without: COPY, one INSERT, and the history that triggers write."""
    fixed = default_values(Product, FIELDS)
    names = ", ".join(FIELDS)
    with copied(path), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO catalog_product ({names}, {', '.join(fixed)})"
            f" SELECT {names}, {', '.join(f'%({name})s' for name in fixed)} FROM bare",
            fixed,
        )


def bare_update(path: Path) -> None:
    """The same for a file of which some prices are others than those of the products."""
    with copied(path), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_product AS t SET price = bare.price FROM bare"
            " WHERE upper(t.sku) = upper(bare.sku) AND t.status <> 'archived' AND t.price <> bare.price"
        )


@contextmanager
def copied(path: Path) -> Iterator[None]:
    """Give the file as a temporary table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE bare (sku text, name text, barcode text, price numeric, tax_rate numeric, status text)"
        )
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy, path.open("rb") as file:
            while block := file.read(1 << 18):
                copy.write(block)
        cursor.execute("ANALYZE bare")
        yield
        cursor.execute("DROP TABLE bare")


def write_products(path: Path, *, price: str, changed_price: str = "", count: int = PRODUCTS) -> None:
    """Write the file: codes, names, barcodes, prices; every tenth product has the `changed_price`, if there is one."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for number in range(count):
            shown = price if number % 10 else changed_price or price
            writer.writerow([f"SKU-{number:06}", f"Product number {number}", f"40{number:011}", shown, "20", "active"])


def undone(work: Callable[[], object], *, times: int = 1) -> float:
    """Return the best time of `work`, each time rolled back outside the measurement."""

    def once() -> float:
        with rolled_back():
            return seconds(work)

    return min(once() for _time in range(times))


def growth_and_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return memory and time of one run of what takes long enough."""
    times: list[float] = []
    growth = peak_growth(lambda: times.append(seconds(work)))
    return growth, times[0]


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo all that is written inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
