"""What happened to orders, in the timelines of orders and of customers: payments, shipments, returns, holds."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.desk.timeline import Entry, Source, numbered_below, sets_of
from orders.models import OrderEvent, Payment

Kind = OrderEvent.Kind

LOOKS: dict[str, tuple[str, str]] = {
    Kind.PLACED: ("task_alt", "blue"),
    Kind.PAID: ("payments", "green"),
    Kind.SHIPPED: ("local_shipping", "green"),
    Kind.CANCELLED: ("cancel", "grey"),
    Kind.LINE_CANCELLED: ("remove_circle", "grey"),
    Kind.REFUND_GRANTED: ("undo", "amber"),
    Kind.REFUNDED: ("undo", "blue"),
    Kind.REFUND_FAILED: ("error", "red"),
    Kind.RETURN_ANNOUNCED: ("assignment_return", "amber"),
    Kind.RETURN_RECEIVED: ("assignment_return", "blue"),
    Kind.COMPLETED: ("check_circle", "green"),
    Kind.HELD: ("pause_circle", "amber"),
    Kind.RELEASED: ("play_circle", "blue"),
    Kind.ASSIGNED: ("person_add", "grey"),
    Kind.IMPORTED: ("upload_file", "grey"),
}
# What is told of an event's data, in this order; the numbers of rows in it mean nothing to people.
TOLD: dict[str, Any] = {
    "total": gettext_lazy("total"),
    "amount": gettext_lazy("amount"),
    "credit": gettext_lazy("credit"),
    "method": gettext_lazy("method"),
    "units": gettext_lazy("units"),
    "carrier": gettext_lazy("carrier"),
    "tracking_number": gettext_lazy("tracking number"),
    "assignee": gettext_lazy("to"),
    "reason": gettext_lazy("reason"),
}
ORDERS_OF_CUSTOMER = 200


def details_of(event: OrderEvent) -> list[tuple[Any, Any]]:
    """Return what there is to tell of an event, as label and value."""
    methods = dict(Payment.Method.choices)
    data = event.data | ({"method": methods.get(event.data["method"], "")} if "method" in event.data else {})
    return [(label, data[name]) for name, label in TOLD.items() if data.get(name)]


class EventsOfOrder(Source):
    """The events of an order."""

    name = "events"

    def entries(self, before: int | None, size: int) -> list[Entry]:
        events = list(numbered_below(self.events(), before)[:size])
        sets = sets_of(OrderEvent, [event.pk for event in events])
        return [self.entry(event, sets.get(event.pk)) for event in events]

    def events(self) -> Any:
        return self.row.events.select_related("actor").order_by("-pk")

    def entry(self, event: OrderEvent, change_set: int | None) -> Entry:
        icon, tone = LOOKS.get(event.kind, ("bolt", "grey"))
        return Entry(
            source=self.name,
            pk=event.pk,
            at=event.at,
            icon=icon,
            title=event.get_kind_display(),
            tone=tone,
            who=event.actor or "",
            details=details_of(event),
            change_set=change_set,
            link=self.link(event),
        )

    def link(self, event: OrderEvent) -> tuple[str, str] | None:
        """Return address and name of what the event is about, unless that is the page itself."""
        return None


class EventsOfCustomer(EventsOfOrder):
    """The events of a customer's latest orders."""

    def may_see(self) -> bool:
        return self.user.has_perm("orders.view_order")

    def events(self) -> Any:
        latest = list(self.row.orders.order_by("-pk").values_list("pk", flat=True)[:ORDERS_OF_CUSTOMER])
        return OrderEvent.objects.filter(order__in=latest).select_related("actor", "order").order_by("-pk")

    def link(self, event: OrderEvent) -> tuple[str, str] | None:
        name = _("order %(number)s") % {"number": event.order.number}
        return reverse("admin:orders_order_change", args=[event.order_id]), name
