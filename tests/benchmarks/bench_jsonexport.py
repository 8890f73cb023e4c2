"""The JSON export: 20,000 orders with their lines, page by page, against Django's serialisation and bare COPY."""

import json
import logging
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from backoffice.accounts.models import User
from backoffice.accounts.roles import MANAGER
from backoffice.accounts.services import grant_role, issue_token
from orders.exports import LINES, ORDERS
from orders.models import Order
from tests.benchmarks.figures import Figure, peak_growth, seconds

COUNT = 20_000
PAGE = 1000
MAKE = """
    INSERT INTO catalog_product (sku, name, description, barcode, price, tax_rate, status, tags, allow_backorder,
        reorder_level, on_hand, reserved)
    SELECT 'P' || i, 'Product ' || i, '', '', 5, 20, 'active', '{{}}', false, 0, 0, 0
    FROM generate_series(1, 500) AS i;
    INSERT INTO orders_order (number, kind, status, payment_state, fulfilment_state, historical, channel, email,
        country, currency, placed_at, billing_address, shipping_address, subtotal, discount, shipping, tax, total, paid,
        refunded, hold_reason, tags)
    SELECT 'N' || i, 'sale', 'completed', 'paid', 'fulfilled', true, 'web', 'guest' || i || '@example.com', 'France',
        'GBP', now(), '1 High Street', '1 High Street', 30, 0, 0, 0, 30, 0, 0, '', '{{}}'
    FROM generate_series(1, {count}) AS i;
    INSERT INTO orders_orderline (order_id, position, product_id, sku, name, quantity, unit_price, discount, tax_rate,
        shipped, returned, cancelled, historical)
    SELECT placed.id, line, product.id, product.sku, product.name, 2, 5, 0, 20, 0, 0, 0, true
    FROM orders_order AS placed CROSS JOIN generate_series(1, 3) AS line
    JOIN catalog_product AS product ON product.sku = 'P' || (placed.id * line % 500 + 1);
    ANALYZE;
"""
BARE = """
    COPY (
        SELECT row_to_json(exported) FROM (
            SELECT orders_order.*, (
                SELECT json_agg(row_to_json(line) ORDER BY line.position)
                FROM orders_orderline AS line WHERE line.order_id = orders_order.id
            ) AS lines
            FROM orders_order ORDER BY updated_at, id
        ) AS exported
    ) TO STDOUT
"""


def run() -> Iterator[Figure]:
    """Yield the figures, each over the same orders."""
    logging.getLogger("backoffice.logs").setLevel(logging.WARNING)  # a line a request, ours alone, would be measured
    make_orders()
    ask = reader()
    assert read_pages(ask) == COUNT
    with override_settings(JSON_EXPORT_REQUESTS_PER_MINUTE=COUNT):
        yield Figure(
            name=f"{COUNT:,} orders with lines, {PAGE:,} a page",
            ours=seconds(lambda: read_pages(ask), times=3),
            stock=seconds(serialise),
            limit=seconds(copy, times=3),
            budget=COUNT / 100_000,
        )
        yield Figure(name="memory meanwhile", ours=peak_growth(lambda: read_pages(ask)), unit="MiB")


def make_orders() -> None:
    """Write orders of three lines each."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE.format(count=COUNT))


def reader() -> Any:
    """Return a function that asks for an address with a manager's token."""
    owner = User.objects.create_user("reader@example.com", "a-long-password", name="Reader")
    grant_role(user=owner, role=MANAGER)
    _token, secret = issue_token(owner=owner, name="benchmark", scopes=["orders"])
    return lambda address: Client().get(address, headers={"Authorization": f"Bearer {secret}"})


def read_pages(ask: Any) -> int:
    """Follow the pages to the end, as a reader does; return how many orders there were."""
    address, count = f"/export/v1/orders.json?limit={PAGE}", 0
    while address:
        page = json.loads(ask(address).content)
        count += len(page["data"])
        address = page["next"] and page["next"].removeprefix("http://testserver")
    return count


def serialise() -> None:
    """Read the same fields as one does with Django alone, and a prefetch for the lines."""
    orders = Order.objects.select_related("customer").prefetch_related("lines").order_by("updated_at", "pk")
    for order in orders.iterator(chunk_size=PAGE):
        row = {name: getattr(order, path, None) for name, path in ORDERS.fields.items() if "__" not in path}
        row["customer"] = order.customer and order.customer.number
        row["lines"] = [
            {name: getattr(line, path) for name, path in LINES.fields.items()} for line in order.lines.all()
        ]
        json.loads(json.dumps(row, cls=DjangoJSONEncoder))


def copy() -> None:
    """Let PostgreSQL write the rows, and drop them."""
    with connection.cursor() as cursor, cursor.copy(BARE) as rows:
        for _chunk in rows:
            pass
