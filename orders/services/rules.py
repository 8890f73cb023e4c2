"""What may be done with an order, and why not; from the order's own fields, so that lists may ask for each row.

No user is the system itself. What depends on lines, stock or pending refunds is refused by the service.
"""

from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, lacks, refuse_if
from orders.models import Order, Payment, Return

TO_SHIP = (Order.FulfilmentState.UNFULFILLED, Order.FulfilmentState.PART)


def can_create_order(user: User | None) -> Refusal | None:
    """Whether drafts may be made."""
    return lacks(user, "orders.add_order", _("Your role does not allow creating orders. Ask an operator or a manager."))


def can_edit_order(order: Order, user: User | None) -> Refusal | None:
    """Whether lines, prices and charges may be changed: while it is a draft."""
    return lacks(
        user, "orders.change_order", _("Your role does not allow changing orders. Ask an operator or a manager.")
    ) or refuse_if(
        order.status != Order.Status.DRAFT,
        _("Order %(number)s is placed: its lines are fixed. Cancel units, or place another order.")
        % {"number": order.number},
    )


def can_place_order(order: Order, user: User | None) -> Refusal | None:
    """Whether the draft may become an order that reserves stock."""
    return (
        lacks(user, "orders.place_order", _("Your role does not allow placing orders. Ask an operator or a manager."))
        or _not_ours(order)
        or refuse_if(
            order.status != Order.Status.DRAFT,
            _("Order %(number)s is %(status)s already.") % {"number": order.number, "status": _status(order)},
        )
    )


def can_record_payment(order: Order, user: User | None) -> Refusal | None:
    """Whether money that came in may be recorded; more than is due is allowed, and shown as overpaid."""
    return (
        lacks(
            user,
            "orders.record_payment",
            _("Your role does not allow recording payments. Ask an operator or a manager."),
        )
        or _not_ours(order)
        or refuse_if(
            order.status == Order.Status.DRAFT,
            _("Order %(number)s is a draft. Place it before you record a payment.") % {"number": order.number},
        )
    )


def can_ship_order(order: Order, user: User | None) -> Refusal | None:
    """Whether something of the order may leave."""
    return (
        lacks(user, "orders.ship_order", _("Your role does not allow shipping orders. Ask an operator or a manager."))
        or _not_open(order)
        or refuse_if(
            bool(order.hold_reason),
            _("Order %(number)s is on hold: %(why)s. Release it first.")
            % {"number": order.number, "why": order.hold_reason},
        )
        or refuse_if(
            order.fulfilment_state not in TO_SHIP,
            _("Everything of order %(number)s is shipped.") % {"number": order.number},
        )
    )


def can_cancel_order(order: Order, user: User | None) -> Refusal | None:
    """Whether the order, or what is not shipped of it, may be cancelled."""
    return (
        lacks(
            user, "orders.cancel_order", _("Your role does not allow cancelling orders. Ask an operator or a manager.")
        )
        or _not_ours(order)
        or refuse_if(
            order.status in (Order.Status.CANCELLED, Order.Status.COMPLETED),
            _("Order %(number)s is %(status)s already.") % {"number": order.number, "status": _status(order)},
        )
        or refuse_if(
            order.fulfilment_state not in TO_SHIP,
            _("Everything of order %(number)s is shipped. Receive a return instead.") % {"number": order.number},
        )
    )


def can_refund_order(order: Order, user: User | None) -> Refusal | None:
    """Whether money may be given back; how much is left, with pending refunds, is checked by the service."""
    return (
        _may_refund(user)
        or _not_ours(order)
        or refuse_if(
            order.paid <= order.refunded,
            _("Nothing to refund on order %(number)s: no payment is left on it.") % {"number": order.number},
        )
    )


def can_settle_refund(payment: Payment, user: User | None) -> Refusal | None:
    """Whether the result of a refund may be recorded."""
    return (
        _may_refund(user)
        or refuse_if(
            payment.kind != Payment.Kind.REFUND,
            _("This is a payment, not a refund. To give it back, refund the order."),
        )
        or refuse_if(
            payment.state != Payment.State.PENDING,
            _("The refund has its result already: %(state)s.") % {"state": payment.get_state_display().lower()},
        )
    )


def can_hold_order(order: Order, user: User | None) -> Refusal | None:
    """Whether the order may be put on hold: while something of it has to leave."""
    return (
        _may_change(user)
        or _not_open(order)
        or refuse_if(
            order.fulfilment_state not in TO_SHIP,
            _("Everything of order %(number)s is shipped, so there is nothing to hold.") % {"number": order.number},
        )
        or refuse_if(
            bool(order.hold_reason),
            _("Order %(number)s is on hold already: %(why)s.") % {"number": order.number, "why": order.hold_reason},
        )
    )


def can_release_order(order: Order, user: User | None) -> Refusal | None:
    """Whether the hold may end."""
    return _may_change(user) or refuse_if(
        not order.hold_reason, _("Order %(number)s is not on hold.") % {"number": order.number}
    )


def can_announce_return(order: Order, user: User | None) -> Refusal | None:
    """Whether goods that will come back may be announced."""
    return _may_take_back(user) or _not_ours(order) or _nothing_out(order)


def can_receive_return(order: Order, user: User | None) -> Refusal | None:
    """Whether goods that came back may be received."""
    return _may_take_back(user) or _not_ours(order) or _nothing_out(order)


def can_receive_announced(announced: Return, user: User | None) -> Refusal | None:
    """Whether an announced return may be received: once."""
    return _may_take_back(user) or refuse_if(
        announced.received_at is not None, _("This return was received already. Load the page again.")
    )


def can_assign_order(order: Order, user: User | None) -> Refusal | None:
    """Whether the order may be given to somebody, or a follow-up be set."""
    return _may_change(user)


def _may_change(user: User | None) -> Refusal | None:
    return lacks(
        user, "orders.change_order", _("Your role does not allow changing orders. Ask an operator or a manager.")
    )


def _may_refund(user: User | None) -> Refusal | None:
    return lacks(user, "orders.refund_order", _("Your role does not allow refunds. Ask a manager."))


def _may_take_back(user: User | None) -> Refusal | None:
    return lacks(user, "orders.receive_return", _("Your role does not allow receiving returns. Ask a manager."))


def _not_ours(order: Order) -> Refusal | None:
    return refuse_if(
        order.historical,
        _("Order %(number)s is historical: it was settled before it came to this desk.") % {"number": order.number},
    ) or refuse_if(
        order.kind == Order.Kind.CREDIT,
        _("%(number)s is a credit note. Work with the order that it credits.") % {"number": order.number},
    )


def _not_open(order: Order) -> Refusal | None:
    return (
        _not_ours(order)
        or refuse_if(
            order.status == Order.Status.DRAFT,
            _("Order %(number)s is a draft. Place it first.") % {"number": order.number},
        )
        or refuse_if(
            order.status != Order.Status.PLACED,
            _("Order %(number)s is %(status)s.") % {"number": order.number, "status": _status(order)},
        )
    )


def _nothing_out(order: Order) -> Refusal | None:
    return refuse_if(
        order.fulfilment_state == Order.FulfilmentState.UNFULFILLED,
        _("Nothing of order %(number)s was shipped, so nothing can come back.") % {"number": order.number},
    ) or refuse_if(
        order.fulfilment_state == Order.FulfilmentState.RETURNED,
        _("Everything of order %(number)s came back already.") % {"number": order.number},
    )


def _status(order: Order) -> str:
    return str(order.get_status_display()).lower()
