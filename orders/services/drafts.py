"""Orders that are being written: lines and charges may change until the order is placed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.changes.services import service
from backoffice.changes.writing import update_rows
from catalog.models import Product
from customers.models import Address, Customer
from orders.models import Order, OrderLine
from orders.models.orders import default_currency
from orders.services.rules import can_create_order, can_edit_order
from orders.services.states import lines_of, lock_order, save_orders, set_totals
from orders.services.totals import ZERO, compute_totals

MOST_UNITS = 1_000_000
AMOUNT_LIMIT = Decimal(10) ** 12
NEXT_NUMBERS = "SELECT nextval('orders_order_numbers')::text FROM generate_series(1, %s)"
TOTAL_FIELDS = ["subtotal", "discount", "shipping", "tax", "total"]


@dataclass(frozen=True)
class LineDraft:
    """So many of a product; price and tax rate are the product's unless given. The discount is off the whole line."""

    product: Product
    quantity: int
    unit_price: Decimal | None = None
    discount: Decimal = ZERO
    tax_rate: Decimal | None = None


@dataclass(frozen=True)
class OrderDraft:
    """What is known of an order when it is written. Empty e-mail, country and addresses come from the customer."""

    lines: Sequence[LineDraft] = ()
    customer: Customer | None = None
    email: str = ""
    country: str = ""
    currency: str = field(default_factory=default_currency)
    channel: str = ""
    billing_address: str = ""
    shipping_address: str = ""
    shipping: Decimal = ZERO
    discount: Decimal = ZERO
    tags: Sequence[str] = ()
    at: datetime | None = None


def next_order_number() -> str:
    """Return a number that no order has, such as 1000001. Gaps are allowed."""
    return next_order_numbers(count=1)[0]


def next_order_numbers(*, count: int) -> list[str]:
    """Return `count` numbers that no order has; those taken by an import are passed over."""
    numbers: list[str] = []
    while len(numbers) < count:
        with connection.cursor() as cursor:
            cursor.execute(NEXT_NUMBERS, [count - len(numbers)])
            fresh = [number for (number,) in cursor.fetchall()]
        taken = set(Order.objects.filter(number__in=fresh).values_list("number", flat=True))
        numbers += [number for number in fresh if number not in taken]
    return numbers


@service
def create_draft_order(*, draft: OrderDraft, reason: str = "", actor: User | None = None) -> Order:
    """Write down an order, without reserving anything."""
    return create_draft_orders(drafts=[draft], reason=reason, actor=actor)[0]


@service
def create_draft_orders(*, drafts: Sequence[OrderDraft], reason: str = "", actor: User | None = None) -> list[Order]:
    """Write down orders, without reserving anything; returned in the sequence of `drafts`."""
    require(can_create_order(actor))
    numbers = next_order_numbers(count=len(drafts))
    addresses = _default_addresses([draft.customer for draft in drafts if draft.customer])
    orders, lines = [], []
    for number, draft in zip(numbers, drafts, strict=True):
        order = _order_of(number, draft, addresses)
        own = [_line_of(order, position, line) for position, line in enumerate(draft.lines, 1)]
        reckon(order, own, discount=draft.discount, shipping=draft.shipping)
        orders.append(order)
        lines += own
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(lines)
    return orders


@service
def set_order_lines(*, order: Order, lines: Sequence[LineDraft], reason: str = "", actor: User | None = None) -> Order:
    """Replace the lines of a draft."""
    order = lock_order(order)
    require(can_edit_order(order, actor))
    order.lines.all().delete()
    OrderLine.objects.bulk_create(_line_of(order, position, line) for position, line in enumerate(lines, 1))
    return recalculate_draft(order=order, actor=actor)


@service
def set_order_charges(
    *,
    order: Order,
    discount: Decimal | None = None,
    shipping: Decimal | None = None,
    reason: str = "",
    actor: User | None = None,
) -> Order:
    """Set the discount on a draft, its shipping, or both: amounts of the whole order, without tax."""
    order = lock_order(order)
    require(can_edit_order(order, actor))
    order.discount = order.discount if discount is None else discount
    order.shipping = order.shipping if shipping is None else shipping
    return recalculate_draft(order=order, discount=order.discount, shipping=order.shipping, actor=actor)


@service
def recalculate_draft(
    *,
    order: Order,
    discount: Decimal | None = None,
    shipping: Decimal | None = None,
    actor: User | None = None,
) -> Order:
    """Number the lines of a draft, copy SKU and name from their products, and add the order up.

    For screens that save lines themselves: call it after they are saved.
    """
    order = lock_order(order)
    require(can_edit_order(order, actor))
    lines = lines_of([order])[order.pk]
    products = Product.objects.in_bulk({line.product_id for line in lines})
    for position, line in enumerate(lines, 1):
        line.position = position
        copy_product(line, products[line.product_id])
    update_rows(lines, ["position", "sku", "name"])
    reckon(
        order,
        lines,
        discount=order.discount if discount is None else discount,
        shipping=order.shipping if shipping is None else shipping,
    )
    save_orders([order], TOTAL_FIELDS, was=[Order.Status.DRAFT])
    return order


def copy_product(line: OrderLine, product: Product) -> None:
    """Put the product's SKU and name, as they are now, on `line`, unsaved."""
    line.sku, line.name = product.sku, product.name


def reckon(order: Order, lines: Sequence[OrderLine], *, discount: Decimal, shipping: Decimal) -> None:
    """Check the lines and charges of `order` and put its totals on it, unsaved."""
    for line in lines:
        _check_line(line)
    if discount < 0 or shipping < 0:
        raise ValidationError(_("Discount and shipping are zero or more."))
    totals = compute_totals(lines, discount=discount, shipping=shipping)
    if totals.discount > totals.subtotal:
        raise ValidationError(_("The discount is more than the goods cost. Lower it."))
    if totals.total >= AMOUNT_LIMIT or totals.subtotal >= AMOUNT_LIMIT:
        raise ValidationError(_("The order is worth more than can be reckoned. Check quantities and prices."))
    set_totals(order, totals)


def _check_line(line: OrderLine) -> None:
    if not 1 <= line.quantity <= MOST_UNITS:
        raise ValidationError(_("Order between 1 and 1,000,000 units of %(sku)s.") % {"sku": line.sku})
    if line.unit_price < 0 or line.discount < 0:
        raise ValidationError(_("Price and discount of %(sku)s are zero or more.") % {"sku": line.sku})
    if line.discount > line.quantity * line.unit_price:
        raise ValidationError(_("The discount on %(sku)s is more than it costs. Lower it.") % {"sku": line.sku})


def _order_of(number: str, draft: OrderDraft, addresses: dict[tuple[int, str], Address]) -> Order:
    customer = draft.customer
    billing = addresses.get((customer.pk, Address.Kind.BILLING)) if customer else None
    shipping = addresses.get((customer.pk, Address.Kind.SHIPPING)) if customer else None
    goes_to = shipping or billing
    return Order(
        number=number,
        customer=customer,
        email=draft.email or (customer.email if customer else ""),
        country=draft.country or (goes_to.country if goes_to else "") or (customer.country if customer else ""),
        currency=draft.currency,
        channel=draft.channel,
        billing_address=draft.billing_address or _label(billing or shipping),
        shipping_address=draft.shipping_address or _label(goes_to),
        tags=list(draft.tags),
        created_at=draft.at or timezone.now(),
    )


def _line_of(order: Order, position: int, line: LineDraft) -> OrderLine:
    product = line.product
    return OrderLine(
        order=order,
        position=position,
        product=product,
        sku=product.sku,
        name=product.name,
        quantity=line.quantity,
        unit_price=product.price if line.unit_price is None else line.unit_price,
        discount=line.discount,
        tax_rate=product.tax_rate if line.tax_rate is None else line.tax_rate,
        created_at=order.created_at,
    )


def _default_addresses(customers: Sequence[Customer]) -> dict[tuple[int, str], Address]:
    found = Address.objects.filter(customer__in=customers, is_default=True)
    return {(address.customer_id, address.kind): address for address in found}


def _label(address: Address | None) -> str:
    return address.as_text() if address else ""
