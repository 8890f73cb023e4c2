"""Columns of the spreadsheet of orders, and the four tables that it fills."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Blank, Column
from backoffice.spreadsheets.guards import Effect, share_of_rows
from backoffice.spreadsheets.merging import Merge
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import (
    ChoiceValue,
    CodeValue,
    DateTimeValue,
    DecimalValue,
    EmailValue,
    IntegerValue,
    TextValue,
)
from catalog.models import Product
from customers.models import Customer
from customers.services import refresh_figures
from orders.models import Order, OrderLine
from orders.resources import checks, goods, heads, lines

MONEY = DecimalValue(digits=14, places=4)


class OrderResource(SheetResource):
    """Orders that happened elsewhere, one row a line, taken as they happened.

    An order is complete, paid and shipped, moves no stock, and is a credit note if its number is C and digits. It is
    placed at the first time that its lines give. Customers are found by number, products by SKU whatever its case.
    Those that are missing are created: a customer with the country of their newest line, a product with the most
    frequent name and the newest price it was sold at. Those that exist keep what they have, but for the country of a
    customer, which follows a line newer than their orders here, and a product without name, which gets one.

    A row of an order made on this desk may say what is there already; it changes nothing, and one that differs is
    refused. One refused row refuses its order, so that no total is silently wrong. Lines that the file leaves out stay.
    A row whose columns about the order are all blank is a further line of the order above.
    """

    number = Column(
        "order__number",
        CodeValue(max_length=32, required=True),
        label=_("Order"),
        aliases=["Order number", "Number", "InvoiceNo", "Invoice number", "order_id"],
        required=True,
        carried=True,
    )
    placed_at = Column(
        "order__placed_at",
        DateTimeValue(zone=timezone.get_default_timezone(), required=True),
        label=_("Placed at"),
        aliases=["Placed", "Order date", "InvoiceDate", "Date"],
        required=True,
        help_text=_("Without an offset it is read in the time zone of the desk."),
        carried=True,
    )
    kind = Column(
        "order__kind",
        ChoiceValue(dict(Order.Kind.choices)),
        label=_("Kind"),
        blank=Blank.KEEPS,
        help_text=_("sale or credit. Left out, C and digits as a number make a credit note."),
        carried=True,
    )
    customer = Column(
        "order__customer__number",
        CodeValue(max_length=32),
        label=_("Customer"),
        aliases=["Customer number", "CustomerID"],
        help_text=_("Their number. Blank for a guest."),
        carried=True,
    )
    email = Column(
        "order__email", EmailValue(max_length=254), label=_("E-mail"), aliases=["Email address"], carried=True
    )
    country = Column(
        "order__country",
        TextValue(max_length=64),
        label=_("Country"),
        aliases=["Ship country"],
        help_text=_("Where the goods went. It stays with the order when the customer moves."),
        carried=True,
    )
    currency = Column(
        "order__currency",
        CodeValue(max_length=3, upper=True, pattern="[A-Z]{3}", like="EUR"),
        label=_("Currency"),
        blank=Blank.KEEPS,
        carried=True,
    )
    channel = Column("order__channel", TextValue(max_length=32), label=_("Channel"), carried=True)
    shipping = Column(
        "order__shipping",
        MONEY,
        label=_("Shipping"),
        aliases=["Freight"],
        help_text=_("Of the whole order, the same on each of its rows."),
        carried=True,
    )
    sku = Column(
        "sku",
        CodeValue(max_length=64, required=True),
        label=_("SKU"),
        aliases=["StockCode", "Article", "Item code", "Product code", "product_id"],
        required=True,
    )
    name = Column("name", TextValue(max_length=255), label=_("Name"), aliases=["Description", "Product name"])
    quantity = Column(
        "quantity", IntegerValue(required=True), label=_("Quantity"), aliases=["Qty", "Units"], required=True
    )
    unit_price = Column(
        "unit_price",
        DecimalValue(digits=14, places=4, required=True),
        label=_("Unit price"),
        aliases=["Price"],
        required=True,
    )
    discount = Column("discount", MONEY, label=_("Discount"), help_text=_("Off the whole line, in money."))
    discount_rate = Column(
        "discount",
        DecimalValue(digits=5, places=4, minimum=0, maximum=1, unit="%", per=Decimal("0.01")),
        label=_("Discount rate"),
        help_text=_("Off the line, as a share: 0.15 is 15 %. The discount is rounded half up to four decimals."),
        exported=False,
    )
    tax_rate = Column(
        "tax_rate",
        DecimalValue(digits=5, places=2, minimum=0, maximum=100, unit="%"),
        label=_("Tax rate"),
        aliases=["VAT"],
    )

    title = _("Orders")
    listed_as = "order"
    guards = (share_of_rows(),)
    effects = (
        Effect(
            label=_("Sum of the lines, without tax"),
            total="sum(w.quantity * w.unit_price - w.discount"
            " - coalesce(w.was_quantity * w.was_unit_price - w.was_discount, 0))",
            is_money=True,
        ),
    )

    class Meta:
        model = OrderLine
        fields = (
            "number",
            "placed_at",
            "kind",
            "customer",
            "email",
            "country",
            "currency",
            "channel",
            "shipping",
            "sku",
            "name",
            "quantity",
            "unit_price",
            "discount",
            "discount_rate",
            "tax_rate",
        )

    @property
    def import_permission(self) -> str:
        return "orders.import_order"

    @property
    def export_permissions(self) -> tuple[str, ...]:
        return Order.export_permissions()

    def export_queryset(self) -> QuerySet[Any]:
        return OrderLine.objects.exclude(order__status=Order.Status.DRAFT).order_by("order_id", "position", "pk")

    def build(self, stage: Stage) -> None:
        """Work out orders, then which lines are there already, then what they need, then all lines and totals."""
        if stage.has("discount") and stage.has("discount_rate"):
            raise ValidationError(
                gettext("The file has both a discount and a discount rate. Leave one out, as in: discount_rate=")
            )
        heads.make_heads(stage)
        checks.refuse_disagreeing_rows(stage)
        checks.refuse_amounts_too_large(stage)
        lines.match_lines(stage)
        checks.refuse_changes_to_live_orders(stage)
        checks.refuse_incomplete_orders(stage)
        goods.make_customers(stage)
        goods.make_products(stage)
        lines.make_lines(stage)
        heads.make_orders(stage)

    def row_counts(self, stage: Stage) -> dict[str, int]:
        return lines.row_counts(stage)

    def merges(self, stage: Stage) -> list[Merge]:
        return [
            Merge(
                name="customers",
                model=Customer,
                relation=stage.table("customers"),
                inserted=("number", "country"),
                updated=("country",),
                key="w.number",
                taken="t.number = w.number",
            ),
            Merge(
                name="products",
                model=Product,
                relation=stage.table("products"),
                inserted=("sku", "name", "price"),
                updated=("name",),
                key="w.sku",
                taken="upper(t.sku) = upper(w.sku) AND t.status <> 'archived'",
                values={"status": Product.Status.ACTIVE},
            ),
            Merge(
                name="orders",
                model=Order,
                relation=stage.table("orders"),
                inserted=(*heads.INSERTED, *heads.FIGURES),
                updated=(*heads.updated(stage), *heads.FIGURES),
                key="w.number",
                taken="t.number = w.number",
                prepare=heads.link_customers(stage),
                values={
                    "status": Order.Status.COMPLETED,
                    "payment_state": Order.PaymentState.PAID,
                    "fulfilment_state": Order.FulfilmentState.FULFILLED,
                    "historical": True,
                },
            ),
            Merge(
                name="lines",
                model=OrderLine,
                relation=stage.table("lines"),
                inserted=(*lines.INSERTED, *lines.VALUES),
                updated=lines.VALUES,
                key="w.sku",
                taken="false",
                prepare=lines.link_orders_and_products(stage),
                new_rows=lines.new_lines(stage),
                values={"historical": True},
            ),
        ]

    def finish(self, stage: Stage) -> None:
        """Bring the figures of the customers up to their orders."""
        found = stage.fetch(
            f"SELECT customer_id FROM {stage.table('orders')} WHERE customer_id IS NOT NULL AND action <> 'unchanged'"
            f" UNION SELECT was_customer_id FROM {stage.table('orders')} WHERE was_customer_id IS NOT NULL"
            " AND action = 'update'"
        )
        if found:
            refresh_figures(customer_ids=[pk for (pk,) in found])
