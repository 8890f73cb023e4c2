"""What makes a row of an order wrong, beyond its own cells."""

from django.utils.translation import gettext as _

from backoffice.spreadsheets.staging import Stage
from orders.resources.heads import HEAD_FIELDS, head_differs
from orders.resources.lines import given_values

# The columns of amounts hold twelve digits before the point, those of discounts ten.
LARGEST_AMOUNT, LARGEST_DISCOUNT = 10**12, 10**10


def refuse_disagreeing_rows(stage: Stage) -> None:
    """Refuse orders whose rows say different things about the whole order."""
    message = _("The rows of order %s say both “%s” and “%s”. Write the same on all of them.")
    for field in HEAD_FIELDS:
        if stage.has(field):
            stage.refuse(
                field,
                "disagrees",
                f"format(%(message)s, head.number, head.{field}, head.other_{field})",
                f"{stage.rows} AS r JOIN {stage.table('heads')} AS head ON head.number = r.number"
                f" WHERE head.{field} <> head.other_{field}",
                {"message": message},
            )


def refuse_amounts_too_large(stage: Stage) -> None:
    """Refuse orders whose lines, without a sign, come to more than the columns of amounts hold."""
    discount = f"abs({given_values(stage).get('discount', '0')})"
    shipping = "max(abs(coalesce(r.shipping, 0)))" if stage.has("shipping") else "0"
    stage.refuse(
        "unit_price",
        "too_large",
        "format(%(message)s, r.number)",
        f"{stage.rows} AS r JOIN ("
        f"SELECT r.number FROM {stage.rows} AS r GROUP BY r.number"
        f" HAVING sum(abs(r.quantity * r.unit_price) + {discount}) + {shipping} >= {LARGEST_AMOUNT}"
        f" OR max({discount}) >= {LARGEST_DISCOUNT}"
        ") AS large ON large.number = r.number",
        {"message": _("The amounts of order %s are larger than the desk keeps. Correct its quantities and prices.")},
    )


def refuse_changes_to_live_orders(stage: Stage) -> None:
    """Refuse rows that would change an order made on this desk; services alone change those."""
    stage.refuse(
        "number",
        "live_order",
        "format(%(message)s, r.number)",
        f"{stage.rows} AS r JOIN {stage.table('heads')} AS head ON head.number = r.number AND head.live"
        " JOIN orders_order AS t ON t.id = head.id"
        " LEFT JOIN customers_customer AS c ON c.id = t.customer_id"
        f" LEFT JOIN {stage.table('matched')} AS m ON m.row = r.row AND m.same"
        f" WHERE m.row IS NULL OR {head_differs(stage)}",
        {
            "message": _(
                "Order %s was made on this desk, and an import does not change it."
                " Work on it there, or give this one another number."
            )
        },
    )


def refuse_incomplete_orders(stage: Stage) -> None:
    """Refuse the other rows of an order that lost one, so that no total is silently wrong."""
    stage.refuse(
        "number",
        "order_incomplete",
        "format(%(message)s, r.number, broken.row)",
        f"{stage.rows} AS r JOIN ("
        f"SELECT bad.number, min(bad.row) AS row FROM {stage.rows} AS bad"
        f" JOIN {stage.problems} AS p ON p.row = bad.row GROUP BY bad.number"
        ") AS broken ON broken.number = r.number"
        f" WHERE NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)",
        {"message": _("Order %s has another row that is refused: %s. Correct it, and the order comes in whole.")},
    )
