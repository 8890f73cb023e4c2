"""What has to follow when undoing wrote orders or their lines."""

from backoffice.changes.models import ChangeSet
from customers.services import refresh_figures
from orders.models import Order, OrderLine
from orders.services.drafts import recalculate_draft


def settle_undone(*, change_set: ChangeSet) -> None:
    """Add up the drafts whose lines the undo wrote, and bring the figures of the customers up to their orders."""
    written = OrderLine.history.filter(change_set=change_set).values("order")
    for order in Order.objects.filter(pk__in=written, status=Order.Status.DRAFT, historical=False).order_by("pk"):
        recalculate_draft(order=order)
    versions = Order.history.filter(change_set__in=[change_set.pk, change_set.undo_of_id])
    refresh_figures(customer_ids=set(versions.exclude(customer=None).values_list("customer", flat=True)))
