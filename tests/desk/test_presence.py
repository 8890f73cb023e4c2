"""Who else has a form open: by name, without a write, and only those who may save."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.desk import presence
from backoffice.desk.presence import PLACES, Editor, arrive, editors_of, presence_words, take_place
from tests.factories import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Any:
    return make_product(name="Bowl")


def url(product: Any, page: str) -> str:
    return f"/catalog/product/{product.pk}/{page}/"


def said(client: Any, product: Any, page: str = "tab") -> str:
    """Let a page say that it is open, and return what it is told."""
    return str(client.post(url(product, "editing"), {"page": page}).json()["said"])


@pytest.fixture
def ada(catalogue_manager: Any, signed_in: Any) -> Any:
    return signed_in(catalogue_manager)


@pytest.fixture
def bea(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def test_each_is_told_of_the_other_and_not_of_oneself(ada: Any, bea: Any, product: Any) -> None:
    assert said(ada, product) == ""
    assert said(bea, product) == "Catalogue manager is editing this product, since just now."
    assert said(ada, product) == "Manager is editing this product, since just now."


def test_a_page_opens_with_who_is_editing_already(ada: Any, bea: Any, product: Any) -> None:
    said(ada, product)
    assert "Catalogue manager is editing this product" in bea.get(url(product, "change")).content.decode()


def test_it_is_told_for_how_long(product: Any) -> None:
    opened = {"A": timedelta(minutes=2, seconds=30), "B": timedelta(hours=3)}
    editors = [Editor(1, name, "tab", timezone.now() - since) for name, since in opened.items()]
    words = "A is editing this product, for 2 min. B is editing this product, for 3 h."
    assert presence_words(editors, product) == words


def test_who_goes_on_editing_does_so_since_they_opened_the_page(product: Any, manager: Any, viewer: Any) -> None:
    arrive(product, manager, "tab")
    before = editors_of(product, viewer)
    arrive(product, manager, "tab")
    assert editors_of(product, viewer) == before != []


def test_who_left_is_named_no_longer(ada: Any, bea: Any, product: Any) -> None:
    said(ada, product)
    assert ada.post(url(product, "editing"), {"page": "tab", "left": "1"}).status_code == 204
    assert said(bea, product) == ""


def test_who_left_one_of_two_tabs_is_still_there(ada: Any, bea: Any, product: Any) -> None:
    said(ada, product, "one")
    said(ada, product, "two")
    assert said(bea, product).count("Catalogue manager") == 1
    ada.post(url(product, "editing"), {"page": "one", "left": "1"})
    assert "Catalogue manager" in said(bea, product)


def test_a_page_that_gives_no_sign_is_forgotten(
    ada: Any, bea: Any, product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LASTS", 0)
    said(ada, product)
    assert said(bea, product) == ""


def test_who_comes_when_all_places_are_taken_is_told_of_the_others(product: Any, manager: Any) -> None:
    for number in range(PLACES + 1):
        others = arrive(product, User(pk=number + 1000, name=f"Person {number}"), "tab")
    assert len(others) == PLACES
    assert len(editors_of(product, manager)) == PLACES


def test_one_place_is_not_given_twice(product: Any, manager: Any) -> None:
    for number, name in enumerate(("Ada", "Bea")):  # both looked before either came
        take_place(product, Editor(number, name, "tab", timezone.now()), taken=())
    assert [editor.name for editor in editors_of(product, manager)] == ["Ada", "Bea"]


def test_rows_are_told_apart(ada: Any, bea: Any, product: Any) -> None:
    said(ada, make_product())
    assert said(bea, product) == ""


def test_who_may_only_look_is_neither_counted_nor_told(viewer: Any, signed_in: Any, ada: Any, product: Any) -> None:
    said(ada, product)
    looks = signed_in(viewer)
    assert looks.post(url(product, "editing"), {"page": "tab"}).status_code == 403
    assert "desk-editing" not in looks.get(url(product, "change")).content.decode()
    assert said(ada, product) == ""


def test_a_sign_of_life_writes_nothing_and_asks_little(
    ada: Any, product: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(7) as asked:
        said(ada, product)
    assert not [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_there_is_nobody_on_a_row_that_is_gone(bea: Any) -> None:
    assert bea.post("/catalog/product/0/editing/", {"page": "tab"}).status_code == 404
