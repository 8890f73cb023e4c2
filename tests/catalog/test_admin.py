"""Products, categories and the ledger on the desk."""

from typing import Any

import pytest
from django.urls import reverse

from catalog.models import Category, Product
from tests.desk.bulk import run_on_list
from tests.factories import make_product

pytestmark = pytest.mark.django_db


def action_url(product: Product, name: str) -> str:
    return reverse("admin:catalog_product_action", args=[product.pk, name])


def test_receiving_stock_from_the_page_leaves_a_movement(signed_in: Any, operator: Any) -> None:
    product = make_product(on_hand=2)
    asked = {"confirmed": "1", "quantity": "5", "reference": "DN 7", "reason": ""}
    signed_in(operator).post(action_url(product, "receive"), asked)
    product.refresh_from_db()
    assert product.on_hand == 7
    assert product.movements.latest("pk").reference == "DN 7"


def test_a_count_wants_a_reason(signed_in: Any, operator: Any) -> None:
    product = make_product(on_hand=2)
    signed_in(operator).post(action_url(product, "count"), {"confirmed": "1", "counted": "9", "reason": ""})
    product.refresh_from_db()
    assert product.on_hand == 2


def test_prices_change_for_all_selected_products(signed_in: Any, manager: Any) -> None:
    products = [make_product(price="10.00") for _n in range(3)]
    posted = {"action": "adjust", "_selected_action": [product.pk for product in products]}
    posted |= {"percent": "5", "reason": "autumn"}
    page = run_on_list(signed_in(manager), reverse("admin:catalog_product_changelist"), posted)
    assert "All 3 rows are done." in page.content.decode()
    assert {str(product.price) for product in Product.objects.all()} == {"10.5000"}
    assert len({product.history.latest().change_set_id for product in products}) == 1


def test_a_product_with_reserved_stock_says_why_it_stays(signed_in: Any, manager: Any) -> None:
    product = make_product(on_hand=3)
    Product.objects.filter(pk=product.pk).update(reserved=1)
    page = signed_in(manager).post(action_url(product, "archive"), {"confirmed": "1"})
    assert "is reserved for open orders" in page.content.decode()


def test_a_viewer_cannot_receive_stock(signed_in: Any, viewer: Any) -> None:
    product = make_product()
    page = signed_in(viewer).post(action_url(product, "receive"), {"confirmed": "1", "quantity": "5"})
    assert page.status_code == 403
    assert not product.movements.exists()


def test_a_category_cannot_be_put_within_its_own(signed_in: Any, catalogue_manager: Any) -> None:
    top = Category.objects.create(name="Top")
    below = Category.objects.create(name="Below", parent=top)
    posted = {"name": "Top", "parent": below.pk, "position": "0", "_version": top.updated_at.isoformat()}
    page = signed_in(catalogue_manager).post(reverse("admin:catalog_category_change", args=[top.pk]), posted)
    assert "cannot be within one of its own" in page.content.decode()


@pytest.mark.parametrize("name", ["product", "category", "stockmovement"])
def test_the_lists_open(signed_in: Any, viewer: Any, name: str) -> None:
    make_product(on_hand=2, category=Category.objects.create(name="Tea"))
    page = signed_in(viewer).get(reverse(f"admin:catalog_{name}_changelist"))
    assert page.status_code == 200
