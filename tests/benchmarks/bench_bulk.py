"""A price change of 10,000 products: planned and carried out, a save of each row, and the bare UPDATE."""

from collections.abc import Iterator
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.bulk.models import BulkRun
from backoffice.bulk.operations import Edit
from backoffice.bulk.plans import plan_edits
from backoffice.bulk.services import carry_out, edits_of, write_edits
from catalog.models import Product
from tests.benchmarks.bench_history import at_once, once, one_by_one, stock_model, switch
from tests.benchmarks.bench_imports import rolled_back
from tests.benchmarks.figures import Figure, seconds

ROWS = 10_000


def run() -> Iterator[Figure]:
    """Yield the figures; all is rolled back."""
    stock = stock_model()
    with rolled_back():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE benchmarks_product (LIKE catalog_product INCLUDING ALL)")
        with connection.schema_editor() as editor:
            editor.create_model(stock.history.model)
        saves = once(stock, one_by_one, ROWS, kept=True)
        bare = once(Product, at_once, ROWS, kept=True, triggers=False)
        planning, running = ours()
        yield Figure(name="10,000 prices, plan with every check", ours=planning)
        yield Figure(name="10,000 prices, run with history", ours=running, stock=saves, limit=bare, budget=0.4)


def ours() -> tuple[float, float]:
    """Return how long the plan takes, and its run."""
    with rolled_back():
        switch(Product, on=False)
        rows = [Product(sku=f"SKU-{number:06}", name=f"Product {number}", price="2.50") for number in range(ROWS)]
        Product.objects.bulk_create(rows)
        switch(Product, on=True)
        actor = User.objects.create_user("bench@example.com")
        pks = list(Product.objects.order_by("pk").values_list("pk", flat=True))
        edits = [Edit(Product._meta.get_field("price"), "percent", Decimal(5))]
        planning = seconds(lambda: plan_edits(model=Product, pks=pks, edits=edits, actor=actor, prices=["price"]))
        planned = BulkRun.objects.get()
        BulkRun.objects.filter(pk=planned.pk).update(state="running", started_at=timezone.now())
        planned.refresh_from_db()
        running = seconds(lambda: carry_out(run=planned, work=write_edits(Product, edits_of(planned))))
        return planning, running
