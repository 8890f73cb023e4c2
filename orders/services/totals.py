"""How an order adds up. All rounding is half up, away from zero.

- a line is units × price less its discount, to the ten-thousandth; cancelled units take their share of both along;
- the subtotal is the sum of the lines, rounded to the cent once for the order;
- the discount of the order is spread over the lines by their amounts before tax is reckoned;
- tax is rounded to the cent for each line; shipping bears none of it: it is charged as given;
- total = subtotal - discount + shipping + tax.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from orders.models import OrderLine

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Totals:
    """The amounts of an order, to the cent."""

    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        return self.subtotal - self.discount + self.shipping + self.tax


def to_cents(amount: Decimal) -> Decimal:
    """Return `amount` to the cent, half a cent up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_amount(line: OrderLine) -> Decimal:
    """Return what the line costs without tax and without its cancelled units, as the database reckons it."""
    wanted = line.quantity - line.cancelled
    if line.cancelled == 0:
        return line.quantity * line.unit_price - line.discount
    amount = wanted * line.unit_price - line.discount * wanted / line.quantity
    return amount.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def taxable_amounts(lines: Sequence[OrderLine], discount: Decimal) -> list[Decimal]:
    """Return the amount of each line less its share of the order's discount."""
    amounts = [line_amount(line) for line in lines]
    goods = sum(amounts, ZERO)
    return [amount - discount * amount / goods if goods else amount for amount in amounts]


def line_taxes(lines: Sequence[OrderLine], discount: Decimal) -> list[Decimal]:
    """Return the tax on each line, to the cent."""
    taxable = taxable_amounts(lines, discount)
    return [to_cents(amount * line.tax_rate / 100) for line, amount in zip(lines, taxable, strict=True)]


def compute_totals(lines: Sequence[OrderLine], *, discount: Decimal = ZERO, shipping: Decimal = ZERO) -> Totals:
    """Return what an order of these lines adds up to; `discount` and `shipping` are amounts of the whole order."""
    subtotal = to_cents(sum((line_amount(line) for line in lines), ZERO))
    return Totals(
        subtotal=subtotal,
        discount=to_cents(discount),
        shipping=to_cents(shipping),
        tax=sum(line_taxes(lines, discount), ZERO),
    )


def shrink_totals(lines: Sequence[OrderLine], before: Totals) -> Totals:
    """Return the totals after units were cancelled: the discount shrinks with the subtotal, shipping stays."""
    subtotal = to_cents(sum((line_amount(line) for line in lines), ZERO))
    discount = to_cents(before.discount * subtotal / before.subtotal) if before.subtotal else ZERO
    return compute_totals(lines, discount=discount, shipping=before.shipping)


def value_of_units(lines: Sequence[OrderLine], units: Mapping[int, int], *, discount: Decimal) -> Decimal:
    """Return what `units` (by line id) cost with tax, less their share of the discount, to the cent."""
    taxable = taxable_amounts(lines, discount)
    taxes = line_taxes(lines, discount)
    value = ZERO
    for line, amount, tax in zip(lines, taxable, taxes, strict=True):
        wanted = line.quantity - line.cancelled
        if units.get(line.pk):
            value += (amount + tax) * units[line.pk] / wanted
    return to_cents(value)
