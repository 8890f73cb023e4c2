"""Whatever happens in whatever order: stock, money and states add up."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from catalog.models import Product
from catalog.services import count_stock, receive_stock
from customers.models import CustomerFigures
from customers.services import refresh_figures
from orders.models import Order, OrderLine, Payment, Return
from orders.services import (
    LineDraft,
    OrderDraft,
    ReturnedUnits,
    announce_return,
    balance_of,
    cancel_order,
    create_draft_order,
    grant_refund,
    hold_order,
    place_order,
    receive_return,
    record_payment,
    release_order,
    settle_refund,
    ship_order,
)
from orders.services.states import amount_due, fulfilment_state, is_done, payment_state
from tests.factories import make_customer, make_historical, make_product

AMOUNTS = st.decimals(min_value="0.01", max_value="60", places=2)
UNITS = st.integers(min_value=1, max_value=4)
PICK = st.integers(min_value=0, max_value=99)


class Desk(RuleBasedStateMachine):
    """A small desk at which anything is tried; what is refused changes nothing."""

    @initialize()
    def open_desk(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.customer = make_customer()
        self.products = [
            make_product(on_hand=6, price="9.99", tax_rate=20),
            make_product(on_hand=3, price="0.3333", tax_rate="7.5"),
            make_product(on_hand=1, price="25.00", allow_backorder=True),
        ]
        self.orders: list[Order] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def attempt(self, service: Any, **wanted: Any) -> Any:
        try:
            return service(**wanted)
        except ValidationError:
            return None

    def order(self, pick: int) -> Order | None:
        return Order.objects.get(pk=self.orders[pick % len(self.orders)].pk) if self.orders else None

    @rule(counts=st.lists(st.integers(0, 3), min_size=3, max_size=3), discount=AMOUNTS, shipping=AMOUNTS)
    def sell(self, counts: list[int], discount: Decimal, shipping: Decimal) -> None:
        lines = [LineDraft(product, count) for product, count in zip(self.products, counts, strict=True) if count]
        draft = OrderDraft(lines=lines, customer=self.customer, discount=discount, shipping=shipping)
        order = self.attempt(create_draft_order, draft=draft)
        if order:
            self.orders.append(order)
            self.attempt(place_order, order=order)

    @rule(pick=PICK, amount=AMOUNTS, exact=st.booleans())
    def pay(self, pick: int, amount: Decimal, exact: bool) -> None:
        if order := self.order(pick):
            self.attempt(record_payment, order=order, amount=order.balance if exact else amount)

    @rule(pick=PICK, everything=st.booleans(), which=PICK, count=UNITS)
    def ship(self, pick: int, everything: bool, which: int, count: int) -> None:
        if order := self.order(pick):
            self.attempt(ship_order, order=order, units=None if everything else self.some(order, which, count))

    @rule(pick=PICK, everything=st.booleans(), which=PICK, count=UNITS)
    def cancel(self, pick: int, everything: bool, which: int, count: int) -> None:
        if order := self.order(pick):
            self.attempt(cancel_order, order=order, units=None if everything else self.some(order, which, count))

    @rule(pick=PICK, amount=st.none() | AMOUNTS, result=st.sampled_from(["wait", "succeeded", "failed"]))
    def refund(self, pick: int, amount: Decimal | None, result: str) -> None:
        if order := self.order(pick):
            refund = self.attempt(grant_refund, order=order, amount=amount)
            if refund and result != "wait":
                settle_refund(payment=refund, succeeded=result == "succeeded")

    @rule(pick=PICK, everything=st.booleans(), which=PICK, count=UNITS, sellable=st.booleans())
    def take_back(self, pick: int, everything: bool, which: int, count: int, sellable: bool) -> None:
        if order := self.order(pick):
            units = [ReturnedUnits(pk, units, sellable) for pk, units in self.some(order, which, count).items()]
            self.attempt(receive_return, order=order, units=None if everything else units)

    @rule(pick=PICK, which=PICK, count=UNITS)
    def announce(self, pick: int, which: int, count: int) -> None:
        if order := self.order(pick):
            units = [ReturnedUnits(pk, units) for pk, units in self.some(order, which, count).items()]
            self.attempt(announce_return, order=order, units=units)

    @rule(pick=PICK)
    def receive_announced(self, pick: int) -> None:
        if order := self.order(pick):
            announced = order.returns.filter(received_at=None).first()
            if announced:
                self.attempt(receive_return, order=order, announced=announced)

    @rule(succeeded=st.booleans())
    def hear_from_the_bank(self, succeeded: bool) -> None:
        refund = Payment.objects.refunds().filter(state="pending").order_by("pk").first()
        if refund:
            self.attempt(settle_refund, payment=refund, succeeded=succeeded)

    @rule(which=st.integers(0, 2), count=UNITS)
    def remember(self, which: int, count: int) -> None:
        """An order of the past: whatever is tried with it later is refused."""
        product = self.products[which]
        amounts = {"subtotal": count * product.price, "total": count * product.price}
        order = make_historical(customer=self.customer, placed_at=timezone.now(), **amounts)
        order.lines.create(product=product, quantity=count, unit_price=product.price, historical=True)
        refresh_figures(customer_ids=[self.customer.pk])
        self.orders.append(order)

    @rule(pick=PICK, on=st.booleans())
    def hold(self, pick: int, on: bool) -> None:
        if order := self.order(pick):
            self.attempt(hold_order if on else release_order, order=order, reason="Address")

    @rule(which=st.integers(0, 2), count=UNITS)
    def receive(self, which: int, count: int) -> None:
        receive_stock(product=self.products[which], quantity=count)

    @rule(which=st.integers(0, 2), counted=st.integers(0, 12))
    def count(self, which: int, counted: int) -> None:
        self.attempt(count_stock, product=self.products[which], counted=counted)

    def some(self, order: Order, which: int, count: int) -> dict[int, int]:
        lines = list(order.lines.all())
        return {lines[which % len(lines)].pk: count} if lines else {}

    @invariant()
    def the_ledger_is_what_is_on_hand(self) -> None:
        for product in Product.objects.annotate(moved=Sum("movements__delta", default=0)):
            assert product.moved == product.on_hand

    @invariant()
    def the_past_stays_as_it_was(self) -> None:
        for order in Order.objects.filter(historical=True):
            assert (order.status, order.payment_state, order.fulfilment_state) == ("completed", "paid", "fulfilled")
            assert (order.paid, order.credited, order.balance) == (0, 0, 0)
            assert not order.payments.exists()
            assert not order.shipments.exists()
            assert not order.returns.exists()
            assert all((line.shipped, line.returned, line.cancelled) == (0, 0, 0) for line in order.lines.all())

    @invariant()
    def open_orders_are_what_is_reserved(self) -> None:
        open_lines = OrderLine.objects.filter(order__status="placed").values("product")
        waiting = dict(
            open_lines.annotate(n=Sum(F("quantity") - F("shipped") - F("cancelled"))).values_list("product", "n")
        )
        for product in Product.objects.all():
            assert product.reserved == waiting.get(product.pk, 0)
            assert product.reserved >= 0
            assert product.reserved <= product.on_hand or product.allow_backorder

    @invariant()
    def payments_are_what_is_paid_and_refunded(self) -> None:
        for order in Order.objects.all():
            money = Payment.objects.filter(order=order)
            assert order.paid == money.captures().succeeded().total()
            assert order.refunded == money.refunds().succeeded().total()
            assert money.refunds().not_failed().total() <= order.paid
            goodwill = money.aggregate(total=Sum("goodwill", default=0))["total"]
            returned = Return.objects.filter(order=order).aggregate(total=Sum("credit", default=0))["total"]
            assert order.credited == goodwill + returned

    @invariant()
    def totals_add_up(self) -> None:
        for order in Order.objects.filter(historical=False):
            lines = sum((line.total for line in order.lines.all()), Decimal(0))
            assert abs(order.subtotal - lines) <= Decimal("0.005")
            assert order.total == order.subtotal - order.discount + order.shipping + order.tax
            assert order.balance == balance_of(order)
            assert order.balance >= order.refunded - order.paid

    @invariant()
    def states_agree_with_figures(self) -> None:
        for order in Order.objects.filter(historical=False).exclude(status="draft"):
            assert order.fulfilment_state == fulfilment_state(list(order.lines.all()))
            assert not (order.status == "placed" and is_done(order))
            if order.status != "cancelled" or order.paid:
                due = amount_due(order)
                assert order.payment_state == payment_state(due=due, paid=order.paid, refunded=order.refunded)

    @invariant()
    def figures_are_what_the_orders_add_up_to(self) -> None:
        spent = Order.objects.placed().aggregate(total=Sum(F("total") - F("credited"), default=0))["total"]
        for figures in CustomerFigures.objects.all():
            assert (figures.orders_count, figures.spent) == (Order.objects.placed().count(), spent)


@pytest.mark.slow
@pytest.mark.django_db
def test_any_sequence_of_operations_keeps_the_books() -> None:
    effort = settings(
        max_examples=8,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Desk, settings=effort)
