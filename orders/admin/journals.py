"""Payments, shipments and returns across all orders."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.columns import badge, code, column, money, number, row_link, text, when
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter
from backoffice.desk.forms import ActionForm
from backoffice.desk.queues import Queue
from orders.models import Payment, Return, Shipment
from orders.services import can_receive_announced, can_settle_refund, receive_return, settle_refund


def order_link(row: Any) -> str:
    """Return a link to the order that the row belongs to."""
    return row_link(reverse("admin:orders_order_change", args=[row.order_id]), row.order.number)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("at", "order_number", "sort_of", "amount_paid", "status", "by", "reference", "why")
    list_display_links = ("at",)
    sortable_by = ()
    search_exact = ("provider_reference", "order__number")
    search_help_text = _("Reference or order number")
    list_filter = (("kind", ChoiceFilter), ("state", ChoiceFilter))
    queues = (
        Queue(
            "refunds_to_send",
            _("Refunds to send"),
            lambda payments, user: payments.refunds_to_send(),
            tone="red",
            on_home=True,
        ),
    )
    spreadsheets = ("payments",)
    empty_text = _("Payments appear here when they are recorded on an order.")
    fields = ("order_number", "sort_of", "amount_paid", "status", "by", "reference", "why", "at", "result_at")
    readonly_fields = fields
    desk_actions = ("sent", "failed")

    at = when("created_at", _("when"))
    result_at = when("settled_at", _("result"))
    order_number = column(order_link, _("order"), exported="order__number")
    sort_of = column(lambda payment: payment.get_kind_display(), _("kind"), exported="kind")
    amount_paid = money("amount")
    status = badge("state")
    by = column(lambda payment: payment.get_method_display(), _("method"), exported="method")
    reference = code("provider_reference", _("reference"))
    why = text("reason")

    @desk_action(
        _("It was sent"),
        permission="refund_order",
        icon="done",
        main=True,
        check=can_settle_refund,
        done=lambda count: _("Refund recorded as sent."),
    )
    def sent(self, request: StaffRequest, payment: Payment, **asked: Any) -> None:
        settle_refund(payment=payment, succeeded=True, actor=request.user, **asked)

    @desk_action(
        _("It failed"),
        permission="refund_order",
        icon="close",
        tone="danger",
        main=True,
        check=can_settle_refund,
        done=lambda count: _("Refund recorded as failed; it may be granted again."),
    )
    def failed(self, request: StaffRequest, payment: Payment, **asked: Any) -> None:
        settle_refund(payment=payment, succeeded=False, actor=request.user, **asked)


@admin.register(Shipment)
class ShipmentAdmin(ReadOnlyAdmin):
    list_display = ("left", "order_number", "carrier_name", "tracking", "pieces")
    list_display_links = ("left",)
    sortable_by = ("left",)
    search_exact = ("tracking_number", "order__number")
    search_help_text = _("Tracking or order number")
    list_filter = (("shipped_at", DateRangeFilter),)
    spreadsheets = ("shipments",)
    empty_text = _("Shipments appear here when orders are shipped.")
    fields = ("order_number", "carrier_name", "tracking", "left", "contents")
    readonly_fields = fields

    left = when("shipped_at", _("shipped"))
    order_number = column(order_link, _("order"), exported="order__number")
    carrier_name = text("carrier")
    tracking = code("tracking_number", _("tracking number"))
    pieces = number("units")
    contents = column(
        lambda shipment: ", ".join(
            f"{part.quantity} × {part.line.sku}" for part in shipment.lines.select_related("line")
        ),
        _("contents"),
    )


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    list_display = ("announced", "order_number", "pieces", "arrived", "why")
    list_display_links = ("announced",)
    search_exact = ("order__number",)
    search_help_text = _("Order number")
    queues = (Queue("awaited", _("To receive"), lambda returns, user: returns.awaited(), tone="amber", on_home=True),)
    empty_text = _("Returns appear here when goods are announced or received on an order.")
    fields = ("order_number", "announced", "arrived", "why", "contents")
    readonly_fields = fields
    desk_actions = ("receive",)

    announced = when("created_at", _("announced"))
    arrived = when("received_at", _("received"))
    order_number = column(order_link, _("order"), exported="order__number")
    pieces = number("units")
    why = text("reason")
    contents = column(
        lambda goods: ", ".join(f"{part.quantity} × {part.line.sku}" for part in goods.lines.select_related("line")),
        _("contents"),
    )

    @desk_action(
        _("Receive"),
        permission="receive_return",
        form=ActionForm,
        icon="move_to_inbox",
        main=True,
        check=can_receive_announced,
        done=lambda count: _("Return received."),
    )
    def receive(self, request: StaffRequest, announced: Return, **asked: Any) -> None:
        receive_return(order=announced.order, announced=announced, actor=request.user, **asked)
