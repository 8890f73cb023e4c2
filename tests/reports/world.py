"""A little shop in which every report has something to say, and its figures can be told apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from backoffice.changes.context import recording
from catalog.models import Category, Product, StockMovement
from customers.services import refresh_figures
from orders.models import Order
from orders.services import LineDraft, ReturnedUnits, grant_refund, hold_order, receive_return, settle_refund
from tests.factories import make_completed, make_customer, make_paid, make_placed, make_product, reload
from tests.reports.samples import make_sale


def days_ago(days: int) -> str:
    """Return the instant so many days ago, in ISO 8601."""
    return (timezone.now() - timedelta(days=days)).isoformat()


def make_world(staff: Any) -> None:
    """Fill the shop: two years of sales, open, held and returned orders, stock that moves and stock that lies."""
    people = [make_customer(number=f"C{number}", name=f"Person {number}") for number in range(8)]
    tea, mugs = (Category.objects.create(name=name) for name in ("Tea", "Mugs"))
    goods = [
        make_product(sku=f"S{n}", on_hand=20 + n, cost=Decimal(n), category=(tea, mugs, None)[n % 3]) for n in range(5)
    ]
    for number in range(40):
        sale = make_sale(
            days_ago(number * 19 + 1),
            (-1 if number % 9 == 8 else number % 4 + 1, f"{number + 1}.125"),
            (1, "0") if number % 9 != 8 else (-1, "2"),
            customer=people[number % 8] if number % 5 else None,
            country=("France", "Spain", "")[number % 3],
            channel=("shop", "phone", "")[number % 3],
        )
        sale.lines.update(product=goods[number % 5])
    newcomer = make_customer(number="C9", name="Newcomer")
    make_sale(days_ago(5), (2, "9.50"), customer=newcomer).lines.update(product=goods[0])
    make_product(sku="LOW", on_hand=1, reorder_level=5)
    make_open_orders(goods, people)
    refresh_figures()
    with recording(kind="form", actor=staff):
        Product.objects.filter(pk=goods[0].pk).update(name="Assam")
    old = make_product(sku="OLD", on_hand=7, price=Decimal(3))
    at = timezone.now() - timedelta(days=400)
    backdate(StockMovement.objects.filter(product=old), created_at=at)


def make_open_orders(goods: list[Product], people: list[Any]) -> None:
    """Make orders that wait, at several ages, and one that came back."""
    for age, product in enumerate(goods):
        order = make_placed(LineDraft(product, age + 1), customer=people[age], country="Malta", channel="shop")
        Order.objects.filter(pk=order.pk).update(placed_at=datetime.fromisoformat(days_ago(age * 3)))
    hold_order(order=make_placed(LineDraft(goods[0], 2)), reason="strike")
    back = make_completed(LineDraft(goods[1], 3))
    line = back.lines.get().pk
    receive_return(order=back, units=[ReturnedUnits(line, 2, sellable=False)], reason="broken")
    refund = grant_refund(order=reload(back), reason="broken")
    settle_refund(payment=refund, succeeded=True)
    make_paid(LineDraft(goods[2], 1))


def backdate(rows: Any, **fields: Any) -> None:
    """Let rows of the ledger be older than they are; only a test may."""
    with without_triggers(rows.model._meta.db_table):
        rows.update(**fields)


@contextmanager
def without_triggers(*tables: str) -> Iterator[None]:
    """Write to tables as the guards of the desk would never let one."""
    with connection.cursor() as cursor:
        for word in ("DISABLE", "ENABLE"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} {word} TRIGGER USER")
            if word == "DISABLE":
                yield
