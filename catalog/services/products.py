"""Writes about products: prices, and taking them out of the catalogue and back."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import RefusedError, require
from backoffice.changes.services import service
from catalog.models import Product
from catalog.services.rules import can_archive_product, can_change_prices, can_restore_product

PRICE_LIMIT = Decimal(10) ** 10

SET_PRICES = """
    UPDATE catalog_product AS product SET price = wanted.price
    FROM unnest(%s::bigint[], %s::numeric[]) AS wanted (id, price)
    WHERE product.id = wanted.id AND product.price IS DISTINCT FROM wanted.price
"""


@service
def archive_product(*, product: Product, reason: str = "", actor: User | None = None) -> Product:
    """Take `product` out of the catalogue; its orders and stock stay, and its SKU may be used again."""
    product = Product.objects.locked().get(pk=product.pk)
    require(can_archive_product(product, actor))
    return _move(product, Product.Status.ARCHIVED)


@service
def restore_product(*, product: Product, reason: str = "", actor: User | None = None) -> Product:
    """Put an archived product on sale again."""
    product = Product.objects.locked().get(pk=product.pk)
    require(can_restore_product(product, actor))
    return _move(product, Product.Status.ACTIVE)


@service
def change_prices(*, prices: Mapping[int, Decimal], reason: str = "", actor: User | None = None) -> int:
    """Set the prices of products (by id); return how many changed. Orders keep the prices they were placed at."""
    require(can_change_prices(actor))
    for price in prices.values():
        _check_price(price)
    list(Product.objects.filter(pk__in=prices).locked().values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(SET_PRICES, [list(prices), list(prices.values())])
        return int(cursor.rowcount)


@service
def adjust_prices(
    *, product_ids: Collection[int], percent: Decimal, reason: str = "", actor: User | None = None
) -> int:
    """Raise (or, below zero, lower) prices by `percent`, rounded half up to the cent; return how many changed."""
    if percent <= -100:
        raise ValidationError(_("A price cannot fall by 100 per cent or more. To give it away, set it to zero."))
    products = Product.objects.filter(pk__in=product_ids).locked()
    factor = 1 + percent / 100
    prices = {product.pk: round_price(product.price * factor) for product in products}
    return change_prices(prices=prices, reason=reason, actor=actor)


def round_price(price: Decimal) -> Decimal:
    """Return `price` to the cent, half a cent up."""
    return price.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def _check_price(price: Decimal) -> None:
    if not price.is_finite() or not 0 <= price < PRICE_LIMIT:
        raise ValidationError(_("A price is zero or more, and below ten thousand million."))
    if price != price.quantize(Decimal("0.0001")):
        raise ValidationError(_("A price has at most four decimals. Round it first."))


def _move(product: Product, status: Product.Status) -> Product:
    if not Product.objects.filter(pk=product.pk, status=product.status).update(status=status):
        raise RefusedError(_("%(product)s changed in the meantime. Load the page again.") % {"product": product})
    product.status = status
    return product
