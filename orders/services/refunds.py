"""Money that goes back: decided first, its result second.

A granted refund is pending until the bank or card processor has answered. Pending and paid out together never pass
what was captured. What goes back beyond what is owed is goodwill: it lowers what the order costs, so that the order
does not fall due again.
"""

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import RefusedError, require
from backoffice.changes.services import service
from customers.services import refresh_figures
from orders.models import Order, OrderEvent, Payment
from orders.services.journal import write_event
from orders.services.payments import PAYABLE, check_amount, insert_once, new_key
from orders.services.placing import customers_of
from orders.services.rules import can_refund_order, can_settle_refund
from orders.services.states import balance_of, lines_of, lock_order, settle_orders
from orders.services.totals import ZERO


def refundable(order: Order) -> Decimal:
    """Return how much may still be granted: captured, less refunded, less what is pending."""
    money = Payment.objects.filter(order=order)
    return money.captures().succeeded().total() - money.refunds().not_failed().total()


@service
def grant_refund(
    *,
    order: Order,
    amount: Decimal | None = None,
    method: str = Payment.Method.BANK,
    idempotency_key: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Payment:
    """Decide to give `amount` back; no money has moved yet. Return the pending refund.

    Without an amount it is what is owed (a balance below zero), or, when nothing is owed, all that was captured.
    The same `idempotency_key` twice is one refund, so a double click refunds once.
    """
    order = lock_order(order)
    known = _known_refund(order, idempotency_key, amount)
    if known:
        return known
    require(can_refund_order(order, actor))
    limit = refundable(order)
    amount = amount if amount is not None else _usual_amount(order, limit)
    _check_refundable(order, amount, limit)
    refund = Payment(
        order=order,
        kind=Payment.Kind.REFUND,
        state=Payment.State.PENDING,
        amount=amount,
        method=method,
        idempotency_key=new_key(idempotency_key),
        reason=reason,
        created_at=at or timezone.now(),
    )
    insert_once([refund])
    write_event(
        order,
        OrderEvent.Kind.REFUND_GRANTED,
        actor=actor,
        at=at,
        payment=refund.pk,
        amount=str(amount),
        reason=reason,
    )
    return refund


@service
def settle_refund(
    *,
    payment: Payment,
    succeeded: bool,
    provider_reference: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Payment:
    """Record the result of a pending refund: the money went out, or it failed and may be granted again."""
    order = lock_order(payment.order)
    payment = Payment.objects.get(pk=payment.pk)
    require(can_settle_refund(payment, actor))
    payment.state = Payment.State.SUCCEEDED if succeeded else Payment.State.FAILED
    payment.settled_at = at or timezone.now()
    payment.provider_reference = provider_reference.strip()
    payment.goodwill = max(payment.amount - max(-balance_of(order), ZERO), ZERO) if succeeded else ZERO
    _save_result(payment)
    kind = OrderEvent.Kind.REFUNDED if succeeded else OrderEvent.Kind.REFUND_FAILED
    write_event(order, kind, actor=actor, at=at, payment=payment.pk, amount=str(payment.amount), reason=reason)
    settle_orders([order], lines=lines_of([order]), was=PAYABLE, actor=actor, at=at)
    refresh_figures(customer_ids=customers_of([order]))
    return payment


@service
def refund_order(
    *,
    order: Order,
    amount: Decimal | None = None,
    method: str = Payment.Method.BANK,
    idempotency_key: str = "",
    provider_reference: str = "",
    reason: str = "",
    actor: User | None = None,
    at: datetime | None = None,
) -> Payment:
    """Grant a refund and record that it went out, in one step: for money that was sent by hand."""
    refund = grant_refund(
        order=order,
        amount=amount,
        method=method,
        idempotency_key=idempotency_key,
        reason=reason,
        actor=actor,
        at=at,
    )
    if refund.state == Payment.State.SUCCEEDED:
        return refund
    return settle_refund(
        payment=refund,
        succeeded=True,
        provider_reference=provider_reference,
        reason=reason,
        actor=actor,
        at=at,
    )


def _known_refund(order: Order, idempotency_key: str, amount: Decimal | None) -> Payment | None:
    if not idempotency_key:
        return None
    known = Payment.objects.filter(idempotency_key=idempotency_key).first()
    if known is None:
        return None
    if (known.order_id, known.kind) != (order.pk, Payment.Kind.REFUND) or amount not in (None, known.amount):
        raise ValidationError(
            _("The key %(key)s was used for another payment. Start again from the order's page.")
            % {"key": idempotency_key}
        )
    return known  # type: ignore[no-any-return]


def _usual_amount(order: Order, limit: Decimal) -> Decimal:
    owed = -balance_of(order)
    return min(owed, limit) if owed > 0 else limit


def _check_refundable(order: Order, amount: Decimal, limit: Decimal) -> None:
    if limit <= 0:
        raise RefusedError(
            _("All that was paid for order %(number)s is refunded, or about to be.") % {"number": order.number}
        )
    check_amount(amount)
    if amount > limit:
        raise ValidationError(
            _("At most %(limit)s %(currency)s can be refunded on order %(number)s. Lower the amount.")
            % {"limit": limit, "currency": order.currency, "number": order.number}
        )


def _save_result(payment: Payment) -> None:
    if payment.provider_reference:
        twin = Payment.objects.filter(provider_reference=payment.provider_reference).exclude(pk=payment.pk)
        if twin.exists():
            raise ValidationError(
                _("A payment with the reference %(reference)s is recorded already. Look it up before you go on.")
                % {"reference": payment.provider_reference}
            )
    settled = Payment.objects.filter(pk=payment.pk, state=Payment.State.PENDING).update(
        state=payment.state,
        settled_at=payment.settled_at,
        provider_reference=payment.provider_reference,
        goodwill=payment.goodwill,
    )
    if not settled:
        raise RefusedError(_("The refund has its result already. Load the page again."))
