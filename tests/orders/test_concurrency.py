"""Many buyers at once. Each race has a control that shows what happens without the guard."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import F

from catalog.models import Product
from orders.models import Order, Payment, Shipment
from orders.querysets import OrderQuerySet
from orders.services import (
    LineDraft,
    cancel_order,
    create_draft_orders,
    grant_refund,
    place_order,
    record_payment,
    refunds,
    settle_refund,
    ship_order,
    shipping,
)
from orders.services.drafts import OrderDraft
from tests.factories import make_paid, make_placed, make_product, reload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BUYERS = 16


def race(*attempts: Callable[[], object]) -> list[bool]:
    """Start all `attempts` at the same moment; return which of them were not refused."""
    barrier = Barrier(len(attempts))

    def run(attempt: Callable[[], object]) -> bool:
        try:
            barrier.wait(timeout=30)
            attempt()
        except ValidationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(attempts)) as pool:
        return [future.result() for future in [pool.submit(run, attempt) for attempt in attempts]]


def drafts_of(product: Product, count: int) -> list[Order]:
    return create_draft_orders(drafts=[OrderDraft(lines=[LineDraft(product, 1)]) for _ in range(count)])


@pytest.fixture
def without_the_check() -> Iterator[None]:
    """Take the constraint away that would stop an oversale, and put it back on an empty table."""
    constraint = next(c for c in Product._meta.constraints if c.name == "catalog_product_reserved_on_hand")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Product, constraint)
    yield
    Product.objects.update(reserved=0)
    with connection.schema_editor() as editor:
        editor.add_constraint(Product, constraint)


def test_sixteen_buyers_of_five_units_buy_exactly_five() -> None:
    product = make_product(on_hand=5)
    sold = race(*[lambda order=order: place_order(order=order) for order in drafts_of(product, BUYERS)])
    assert sum(sold) == 5
    assert (reload(product).reserved, Order.objects.placed().count()) == (5, 5)


@pytest.mark.usefixtures("without_the_check")
def test_the_same_race_oversells_without_the_guard() -> None:
    product = make_product(on_hand=5)
    looked = Barrier(BUYERS)

    def buy_carelessly() -> None:
        enough = Product.objects.get(pk=product.pk).available >= 1
        looked.wait(timeout=30)
        if enough:
            Product.objects.filter(pk=product.pk).update(reserved=F("reserved") + 1)

    race(*[buy_carelessly] * BUYERS)
    assert reload(product).available < 0


def test_opposite_line_order_does_not_deadlock() -> None:
    one, other = make_product(on_hand=100), make_product(on_hand=100)
    baskets = [[LineDraft(one, 1), LineDraft(other, 1)], [LineDraft(other, 1), LineDraft(one, 1)]] * (BUYERS // 2)
    orders = create_draft_orders(drafts=[OrderDraft(lines=basket) for basket in baskets])
    assert all(race(*[lambda order=order: place_order(order=order) for order in orders]))


def test_locking_in_the_order_of_the_lines_would_deadlock() -> None:
    one, other = make_product(), make_product()
    halfway = Barrier(2)

    def lock(first: Product, second: Product) -> None:
        with transaction.atomic():
            Product.objects.select_for_update().get(pk=first.pk)
            halfway.wait(timeout=30)
            Product.objects.select_for_update().get(pk=second.pk)

    with pytest.raises(OperationalError, match="deadlock"):
        race(lambda: lock(one, other), lambda: lock(other, one))


def test_the_same_key_at_the_same_time_is_one_payment() -> None:
    order = make_placed()
    race(*[lambda: record_payment(order=order, amount=order.total, idempotency_key="till-1")] * BUYERS)
    assert Payment.objects.count() == 1
    assert reload(order).paid == order.total


def test_clerks_at_the_same_time_refund_no_more_than_was_paid() -> None:
    order = make_paid()
    granted = race(*[lambda: grant_refund(order=order, amount=order.total / 2)] * BUYERS)
    assert sum(granted) == 2


def take_off_the_lock(patch: pytest.MonkeyPatch, module: Any, reading: str) -> None:
    """Let clerks work without the lock on their order, all of them after each has done its `reading`."""
    looked = Barrier(BUYERS)
    read = getattr(module, reading)

    def read_and_wait(*args: Any) -> Any:
        seen = read(*args)
        looked.wait(timeout=30)
        return seen

    patch.setattr(OrderQuerySet, "locked", lambda orders: orders.order_by("pk"))
    patch.setattr(module, reading, read_and_wait)


def test_the_same_race_refunds_too_much_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_paid()
    take_off_the_lock(monkeypatch, refunds, "refundable")
    race(*[lambda: grant_refund(order=order, amount=order.total / 2)] * BUYERS)
    assert Payment.objects.refunds().total() > order.paid


def test_a_refund_gets_its_result_once() -> None:
    refund = grant_refund(order=make_paid())
    assert sum(race(*[lambda: settle_refund(payment=refund, succeeded=True)] * BUYERS)) == 1
    assert reload(refund.order).refunded == refund.amount


def busy_shelf() -> Order:
    """Return an order of two units, of a product of which others have ordered many more."""
    product = make_product(on_hand=100)
    make_placed(LineDraft(product, 90))
    return make_placed(LineDraft(product, 2))


def test_clerks_at_the_same_time_ship_an_order_once() -> None:
    order = busy_shelf()
    assert sum(race(*[lambda: ship_order(order=order)] * BUYERS)) == 1
    assert (Shipment.objects.count(), Product.objects.get().on_hand) == (1, 98)


def test_the_same_race_ships_it_twice_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    order = busy_shelf()
    take_off_the_lock(monkeypatch, shipping, "lines_of")
    race(*[lambda: ship_order(order=order)] * BUYERS)
    assert Shipment.objects.count() > 1


def test_an_order_is_shipped_or_cancelled_and_never_both() -> None:
    order = busy_shelf()
    clerks = [lambda: ship_order(order=order), lambda: cancel_order(order=order)] * (BUYERS // 2)
    assert sum(race(*clerks)) == 1
    product = Product.objects.get()
    assert (product.on_hand, product.reserved) in [(98, 90), (100, 90)]


def test_sixteen_payments_at_the_same_time_all_count() -> None:
    order = make_placed()
    race(*[lambda: record_payment(order=order, amount=Decimal(1))] * BUYERS)
    assert reload(order).paid == BUYERS
