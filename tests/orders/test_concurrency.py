"""Many buyers at once. Each race has a control that shows what happens without the guard."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import F

from catalog.models import Product
from orders.models import Order, Payment
from orders.services import LineDraft, create_draft_orders, grant_refund, place_order, record_payment
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
