"""What the database itself refuses, tried by SQL."""

import pytest
from django.core.exceptions import ValidationError

from catalog.models import Category, Product
from tests.constraints import refused_by, rules_of
from tests.factories import make_product

pytestmark = pytest.mark.django_db

ATTEMPTS = [
    ("catalog_category_name_once", "INSERT INTO catalog_category (name, position, description) VALUES ('HOME', 0, '')"),
    ("catalog_category_not_in_itself", "UPDATE catalog_category SET parent_id = id"),
    (
        "catalog_category_no_cycle",
        "UPDATE catalog_category SET parent_id = (SELECT max(id) FROM catalog_category) WHERE parent_id IS NULL",
    ),
    ("catalog_product_sku_once", "UPDATE catalog_product SET sku = 'A1' WHERE sku = 'B2'"),
    ("catalog_product_sku_once", "UPDATE catalog_product SET sku = 'a1' WHERE sku = 'B2'"),
    ("catalog_product_sku_trimmed", "UPDATE catalog_product SET sku = sku || ' '"),
    ("catalog_product_sku_trimmed", "UPDATE catalog_product SET sku = '' WHERE sku = 'A1'"),
    ("catalog_product_sku_normal", "UPDATE catalog_product SET sku = U&'E\\0301' WHERE sku = 'A1'"),
    ("catalog_product_price_not_negative", "UPDATE catalog_product SET price = -0.0001"),
    ("catalog_product_cost_not_negative", "UPDATE catalog_product SET cost = -1"),
    ("catalog_product_tax_rate_per_cent", "UPDATE catalog_product SET tax_rate = 100.01"),
    ("catalog_product_tax_rate_per_cent", "UPDATE catalog_product SET tax_rate = -1"),
    ("catalog_product_stock_not_negative", "UPDATE catalog_product SET reserved = -1"),
    (
        "catalog_product_stock_not_negative",
        """
        INSERT INTO catalog_stockmovement (product_id, delta, reason, reference)
        SELECT id, -99, 'count', '' FROM catalog_product WHERE allow_backorder
        """,
    ),
    ("catalog_product_reserved_on_hand", "UPDATE catalog_product SET reserved = on_hand + 1"),
    ("catalog_product_stock_by_movement", "UPDATE catalog_product SET on_hand = on_hand + 1"),
    (
        "catalog_product_stock_by_movement",
        """
        INSERT INTO catalog_product (sku, name, description, barcode, price, tax_rate, status, tags,
            allow_backorder, reorder_level, on_hand, reserved)
        VALUES ('C3', '', '', '', 1, 0, 'draft', '{}', false, 0, 5, 0)
        """,
    ),
    (
        "catalog_stockmovement_moves",
        """
        INSERT INTO catalog_stockmovement (product_id, delta, reason, reference)
        SELECT id, 0, 'count', '' FROM catalog_product
        """,
    ),
    ("catalog_category_position_check", "UPDATE catalog_category SET position = -1"),
    ("catalog_product_reorder_level_check", "UPDATE catalog_product SET reorder_level = -1"),
]


@pytest.fixture
def shelf() -> None:
    """Two products, one of which may be sold ahead, and a category within another."""
    make_product(sku="A1", on_hand=5)
    make_product(sku="B2", on_hand=5, allow_backorder=True)
    Category.objects.create(name="Rugs", parent=Category.objects.create(name="Home"))


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(("rule", "sql"), ATTEMPTS)
def test_the_database_refuses(rule: str, sql: str) -> None:
    assert refused_by(sql) == rule


def test_every_rule_is_tried() -> None:
    assert rules_of("catalog") == {rule for rule, _sql in ATTEMPTS}


def test_a_category_says_in_words_that_it_cannot_be_within_its_own() -> None:
    top = Category.objects.create(name="Home")
    top.parent = Category.objects.create(name="Rugs", parent=top)
    with pytest.raises(ValidationError, match="within one of its own"):
        top.full_clean()


def test_backorders_cannot_be_forbidden_while_oversold() -> None:
    product = make_product(allow_backorder=True, on_hand=1)
    Product.objects.filter(pk=product.pk).update(reserved=3)
    product.refresh_from_db()
    product.allow_backorder = False
    with pytest.raises(ValidationError, match="before you forbid backorders"):
        product.full_clean()


def test_an_archived_sku_may_be_used_again() -> None:
    make_product(sku="A1", status="archived")
    assert make_product(sku="a1").pk
