"""Lists: the pages of 300,000 orders against a stock changelist with the same columns, and against bare SQL."""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count, Sum
from django.test import Client, RequestFactory

from orders.models import Order
from tests.benchmarks.bench_imports import rolled_back
from tests.benchmarks.figures import Figure, seconds
from tests.bulk import fill_shop

ORDERS = 300_000
LINES = 3
BUDGET = 0.12
KEYSET = "SELECT id FROM orders_order WHERE id < %s ORDER BY id DESC LIMIT 101"

# What is asked: of ours, and the same of a stock changelist.
ASKED: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
    ("first page", {}, {}),
    ("deep page", {"last": "1"}, {"p": "500"}),
    ("status, few", {"status__exact": "placed"}, {"status__exact": "placed"}),
    ("payment, few", {"payment_state__exact": "overpaid"}, {"payment_state__exact": "overpaid"}),
    ("fulfilment, most", {"fulfilment_state__exact": "fulfilled"}, {"fulfilment_state__exact": "fulfilled"}),
    ("kind, few", {"kind__exact": "credit"}, {"kind__exact": "credit"}),
    ("country, a quarter", {"country": "France"}, {"country": "France"}),
    ("customer", {"customer__id__exact": "7"}, {"customer__id__exact": "7"}),
    ("old days", {"placed_at_to": "2024-06-01"}, {"placed_at__lt": "2024-06-02"}),
    ("search, number", {"q": "SO-0000777"}, {"q": "SO-0000777"}),
    ("search, e-mail", {"q": "c4ca4238a0b923820dcc509a6f75849b@"}, {"q": "c4ca4238a0b923820dcc509a6f75849b@"}),
    ("search, name", {"q": "person c4ca4238"}, {"q": "person c4ca4238"}),
    ("search, nothing", {"q": "zzz"}, {"q": "zzz"}),
)


class StockOrderAdmin(ModelAdmin):
    """What the documentation of Django would have one write for the same columns."""

    list_display = ("number", "placed_at", "customer", "country", "total", "pieces", "status", "payment_state")
    list_filter = ("status", "payment_state", "fulfilment_state", "kind")
    list_select_related = ("customer",)
    search_fields = ("number__istartswith", "email__istartswith", "customer__name__istartswith")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return True

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).annotate(pieces_sum=Sum("lines__quantity"), lines_count=Count("lines"))

    def pieces(self, order: Any) -> str:
        return f"{order.pieces_sum} / {order.lines_count}"


def run() -> Iterator[Figure]:
    """Yield the figures: whole pages through the middleware for ours, the bare view for stock."""
    logging.disable(logging.INFO)
    with rolled_back():
        fill_shop(ORDERS, products=2_000, lines=LINES)
        user = get_user_model().objects.create_superuser("bench@example.com", "a-long-password")
        client, stock = Client(), StockOrderAdmin(Order, AdminSite())
        client.force_login(user)
        client.get("/orders/order/")
        for name, ours, theirs in ASKED:
            yield Figure(
                name=f"{ORDERS:,} orders, {name}",
                ours=seconds(lambda asked=ours: page(client, asked), times=5),  # type: ignore[misc]
                stock=seconds(lambda asked=theirs: stock_page(stock, user, asked)),  # type: ignore[misc]
                limit=seconds(keyset, times=5),
                budget=BUDGET,
            )


def page(client: Client, asked: dict[str, str]) -> None:
    """Open the list as a browser does."""
    if client.get(f"/orders/order/?{urlencode(asked)}").status_code != 200:
        raise ValueError(asked)


def stock_page(stock: StockOrderAdmin, user: Any, asked: dict[str, str]) -> None:
    """Make the changelist and read its rows, without the page around them."""
    request = RequestFactory().get("/", asked)
    request.user = user
    found = stock.get_changelist_instance(request)
    list(found.result_list)


def keyset() -> None:
    """Read one page of keys from the middle of the table."""
    with connection.cursor() as cursor:
        cursor.execute(KEYSET, [ORDERS // 2])
        cursor.fetchall()
