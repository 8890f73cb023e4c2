"""Money that came in."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from orders.models import Order, OrderEvent, Payment
from orders.services.drafts import AMOUNT_LIMIT
from orders.services.journal import Entry, write_events
from orders.services.rules import can_record_payment
from orders.services.states import lines_of, lock_orders, settle_orders
from orders.services.totals import to_cents

PAYABLE = [Order.Status.PLACED, Order.Status.COMPLETED, Order.Status.CANCELLED]


@dataclass(frozen=True)
class MoneyIn:
    """An amount that came in for an order. The same key twice is one payment; without a key each call is one."""

    order: Order
    amount: Decimal
    method: str = Payment.Method.BANK
    idempotency_key: str = ""
    provider_reference: str = ""
    at: datetime | None = None


@service
def record_payment(
    *,
    order: Order,
    amount: Decimal,
    method: str = Payment.Method.BANK,
    idempotency_key: str = "",
    provider_reference: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Payment:
    """Record money that came in for `order`; more than is due is allowed and shows as overpaid.

    A second call with the same `idempotency_key` returns the payment of the first; a key that was used for
    another order or amount is refused, and so is a reference that another payment has.
    """
    money = MoneyIn(order, amount, method, idempotency_key, provider_reference, at)
    return record_payments(money=[money], reason=reason, actor=actor)[0]


@service
def record_payments(*, money: Sequence[MoneyIn], reason: str = "", actor: User | None = None) -> list[Payment]:
    """Record what came in, all or none, by the rules of `record_payment`."""
    locked = {order.pk: order for order in lock_orders([item.order for item in money])}
    for item in money:
        require(can_record_payment(locked[item.order.pk], actor))
        check_amount(item.amount)
    payments = [_payment_of(item, reason) for item in money]
    known = insert_once(payments)
    fresh = list({payment.idempotency_key: payment for payment in payments}.values())
    fresh = [payment for payment in fresh if payment.idempotency_key not in known]
    touched = [locked[pk] for pk in sorted({payment.order_id for payment in fresh})]
    times = _last_times(fresh)
    write_events([_event_of(payment) for payment in fresh], actor=actor, at=times)
    if touched:
        settle_orders(touched, lines=lines_of(touched), was=PAYABLE, actor=actor, at=times)
    return [known.get(payment.idempotency_key, payment) for payment in payments]


def check_amount(amount: Decimal) -> None:
    """Refuse an amount that is not money: zero or less, fractions of a cent, or beyond all reckoning."""
    if not amount.is_finite() or not 0 < amount < AMOUNT_LIMIT:
        raise ValidationError(_("An amount is more than zero. Enter what was paid."))
    if amount != to_cents(amount):
        raise ValidationError(_("An amount has two decimals at most. Round it to the cent."))


def insert_once(payments: Sequence[Payment]) -> dict[str, Payment]:
    """Insert payments whose key is new; return those that were there before, by key.

    The database decides, so that two calls at the same time make one payment.
    """
    keys = [payment.idempotency_key for payment in payments]
    known = {payment.idempotency_key: payment for payment in Payment.objects.filter(idempotency_key__in=keys)}
    new = [payment for payment in payments if payment.idempotency_key not in known]
    Payment.objects.bulk_create(new, ignore_conflicts=True)
    stored = {payment.idempotency_key: payment for payment in Payment.objects.filter(idempotency_key__in=keys)}
    for payment in payments:
        there = stored.get(payment.idempotency_key)
        if there is None:
            raise ValidationError(
                _("A payment with the reference %(reference)s is recorded already. Look it up before you go on.")
                % {"reference": payment.provider_reference}
            )
        _check_same(payment, there)
        payment.pk = there.pk
    return known


def new_key(idempotency_key: str) -> str:
    """Return the caller's key, or one of its own for a call without."""
    return idempotency_key or uuid.uuid4().hex


def _payment_of(item: MoneyIn, reason: str) -> Payment:
    at = item.at or timezone.now()
    return Payment(
        order=item.order,
        kind=Payment.Kind.CAPTURE,
        state=Payment.State.SUCCEEDED,
        amount=item.amount,
        method=item.method,
        provider_reference=item.provider_reference.strip(),
        idempotency_key=new_key(item.idempotency_key),
        reason=reason,
        settled_at=at,
        created_at=at,
    )


def _event_of(payment: Payment) -> Entry:
    details = {"payment": payment.pk, "amount": str(payment.amount), "method": payment.method}
    return payment.order, OrderEvent.Kind.PAID, details


def _check_same(wanted: Payment, there: Payment) -> None:
    if (wanted.order_id, wanted.kind, wanted.amount) != (there.order_id, there.kind, there.amount):
        raise ValidationError(
            _("The key %(key)s was used for another payment. Start again from the order's page.")
            % {"key": wanted.idempotency_key}
        )


def _last_times(payments: Sequence[Payment]) -> dict[int, datetime]:
    times: dict[int, datetime] = {}
    for payment in payments:
        settled_at = payment.settled_at or timezone.now()
        times[payment.order_id] = max(settled_at, times.get(payment.order_id, settled_at))
    return times
