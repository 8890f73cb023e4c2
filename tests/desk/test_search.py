"""Search: an exact code wins, else beginnings."""

from typing import Any

import pytest
from django.db.models import QuerySet

from backoffice.desk.search import capitals, search
from catalog.models import Product
from orders.models import Order
from tests.factories import make_customer, make_draft, make_product

pytestmark = pytest.mark.django_db


def found(term: str) -> set[str]:
    rows, _exact = search(Product.objects.all(), term, exact=("sku", "barcode"), prefix=("name",))
    return {row.sku for row in rows}


@pytest.fixture(autouse=True)
def products() -> None:
    make_product(sku="MUG", name="Mug, blue", barcode="4006381333931")
    make_product(sku="MUG-2", name="Mug, 100% clay")
    make_product(sku="CUP", name="Small mug")


def test_an_exact_code_hides_what_begins_like_it() -> None:
    assert found("mug") == {"MUG"}


def test_a_star_asks_for_everything_that_begins_so() -> None:
    assert found("mug*") == {"MUG", "MUG-2"}


def test_a_barcode_is_a_code() -> None:
    assert found("4006381333931") == {"MUG"}


def test_words_are_found_by_their_beginning_only() -> None:
    assert found("small") == {"CUP"}
    assert found("clay") == set()


def test_signs_of_patterns_are_letters() -> None:
    assert found("Mug, 100%") == {"MUG-2"}
    assert found("%") == set()


def test_letters_are_raised_as_the_database_does() -> None:
    assert capitals("straße") == "STRAßE"


def test_orders_are_found_by_the_name_of_their_customer() -> None:
    order = make_draft(customer=make_customer(name="Ada Lovelace", number="C1"))
    rows, _exact = search(Order.objects.all(), "ada", exact=("number",), prefix=("email", "customer__name"))
    assert isinstance(rows, QuerySet)
    assert list(rows) == [order]


def test_the_palette_finds_records_and_pages(manager: Any, signed_in: Any) -> None:
    page = signed_in(manager).get("/search/?s=mug").content.decode()
    assert "MUG Mug, blue" in page
    assert "Stock movements" in signed_in(manager).get("/search/?s=move").content.decode()


def test_the_palette_shows_nothing_that_one_may_not_see(catalogue_manager: Any, signed_in: Any) -> None:
    page = signed_in(catalogue_manager).get("/search/?s=peop").content.decode()
    assert "People" not in page
