"""The demo shop: made by the services, so that its books are as true as those of a real one."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F, Sum

from backoffice.changes.models import TrackedModel
from catalog.models import Product, StockMovement
from customers.models import Customer, CustomerFigures
from orders.demo import DeskNotEmptyError, seed_shop
from orders.demo.plan import first_orders, order_times
from orders.models import Order, OrderEvent, OrderLine, Payment, Shipment

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def dice() -> Random:
    return Random(1)  # noqa: S311 - a shop, not a secret


def seed(**wanted: Any) -> Counter[str]:
    return seed_shop(**{"orders": 120, "seed": 7, "days": 60, "now": NOW} | wanted)


def what_happened() -> list[Any]:
    """Return the shop as a reader sees it, but for the numbers that the desk hands out."""
    return [
        list(Customer.objects.order_by("pk").values_list("name", "email", "created_at")),
        sorted(Order.objects.exclude(status="draft").values_list("placed_at", "status", "total", "paid", "refunded")),
        list(
            StockMovement.objects.order_by("created_at", "product__sku").values_list(
                "created_at", "product__sku", "delta"
            )
        ),
        sorted(OrderEvent.objects.values_list("at", "kind")),
    ]


@pytest.mark.django_db
class TestShop:
    """One shop each: it takes a second or two."""

    def test_its_books_are_true(self) -> None:
        seed()
        for product in Product.objects.annotate(moved=Sum("movements__delta", default=0)):
            assert product.moved == product.on_hand
        waiting = OrderLine.objects.filter(order__status="placed").values("product")
        reserved = waiting.annotate(n=Sum(F("quantity") - F("shipped") - F("cancelled"))).values_list("product", "n")
        assert {pk: n for pk, n in reserved if n} == dict(
            Product.objects.filter(reserved__gt=0).values_list("pk", "reserved")
        )
        for order in Order.objects.all():
            money = Payment.objects.filter(order=order)
            assert order.paid == money.captures().succeeded().total()
            assert order.refunded == money.refunds().succeeded().total()

    def test_its_history_is_complete(self) -> None:
        seed()
        for model in apps.get_models():
            if issubclass(model, TrackedModel) and model._meta.app_label in ("catalog", "customers", "orders"):
                history = model.history.model.objects  # type: ignore[attr-defined]
                made, gone = (history.filter(history_type=sign).count() for sign in "+-")
                assert made - gone == model._base_manager.count()
                assert not history.filter(change_set=None).exists()

    def test_its_customers_have_figures(self) -> None:
        seed()
        ordered = CustomerFigures.objects.filter(orders_count__gt=0)
        assert CustomerFigures.objects.count() == Customer.objects.count()
        assert ordered.count() > 0.9 * Customer.objects.count()
        assert not ordered.filter(segment="").exists()
        newest = Customer.objects.order_by("-created_at")[:5]
        assert all(customer.orders.exists() for customer in newest)

    def test_nothing_in_it_lies_ahead(self) -> None:
        seed()
        times = [Order.objects.values_list("placed_at"), Payment.objects.values_list("settled_at")]
        times += [Shipment.objects.values_list("shipped_at"), StockMovement.objects.values_list("created_at")]
        times += [OrderEvent.objects.values_list("at")]
        assert all(at <= NOW for table in times for (at,) in table if at)

    def test_the_same_seed_makes_the_same_shop(self) -> None:
        shops = []
        for number in (7, 7, 8):
            with transaction.atomic():
                seed(orders=60, seed=number)
                shops.append(what_happened())
                transaction.set_rollback(True)
        assert shops[0] == shops[1] != shops[2]

    def test_a_desk_with_orders_is_left_alone(self) -> None:
        seed(orders=1)
        with pytest.raises(DeskNotEmptyError, match="has orders already"):
            seed()
        assert Order.objects.count() == 1
        assert connection.in_atomic_block


def test_more_is_sold_before_christmas() -> None:
    year = {"start": datetime(2025, 1, 1, tzinfo=UTC), "end": datetime(2025, 12, 31, tzinfo=UTC)}
    months = Counter(at.month for at in order_times(dice(), count=3000, **year))
    assert months[12] > 1.5 * months[6] > 0
    assert months[12] > 2 * months[2]


def test_most_first_orders_come_early() -> None:
    firsts = first_orders(dice(), orders=1000, customers=250)
    assert len(set(firsts)) == 250
    assert sum(place < 500 for place in firsts) > 140


def test_all_orders_lie_within_the_days_asked_for() -> None:
    times = order_times(dice(), count=200, start=NOW - timedelta(days=5), end=NOW)
    assert times == sorted(times)
    assert min(times) >= NOW - timedelta(days=6)
    assert max(times) <= NOW
