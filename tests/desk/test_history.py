"""History pages: who, when, why, from where, old and new. They only read."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from tests.factories import make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def url(row: Any) -> str:
    return f"/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/history/"


def test_a_change_is_told_in_words(desk: Any, manager: Any) -> None:
    bowls = Category.objects.create(name="Bowls")
    product = make_product(name="Bowl", status="draft")
    with recording(kind="form", actor=manager, reason="new season", source="prices.py"):
        Product.objects.filter(pk=product.pk).update(status="active", category=bowls, price="12.5")
    page = desk.get(url(product)).content.decode()
    for words in ("Manager", "new season", "prices.py", "Draft", "Active", "Bowls", "10.00", "12.50"):
        assert words in page


def test_the_newest_change_comes_first(desk: Any) -> None:
    product = make_product(name="First")
    Product.objects.filter(pk=product.pk).update(name="Second")
    page = desk.get(url(product)).content.decode()
    assert page.index("Changed") < page.index("Created")


def test_a_deleted_row_keeps_its_history(desk: Any) -> None:
    category = Category.objects.create(name="Short-lived")
    page = url(category)
    Category.objects.filter(pk=category.pk).delete()
    assert "Short-lived, deleted" in desk.get(page).content.decode()


def test_a_page_of_a_deleted_row_leads_to_who_deleted_it(desk: Any) -> None:
    product = make_product(name="Bowl")
    page, pk = f"/catalog/product/{product.pk}/change/", product.pk
    Product.objects.filter(pk=pk).delete()
    response = desk.get(page, follow=True)
    assert response.redirect_chain == [(f"/catalog/product/{pk}/history/", 302)]
    assert "This product was deleted" in response.content.decode()


@pytest.mark.parametrize("key", ["77", "9" * 30, "bowl"])
def test_a_page_of_a_row_that_never_was_leads_to_the_list(desk: Any, key: str) -> None:
    response = desk.get(f"/catalog/product/{key}/change/", follow=True)
    assert response.redirect_chain == [("/catalog/product/", 302)]
    assert f"There is no product with the id “{key}”" in response.content.decode()


def test_history_is_paged(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.desk.history.PAGE_SIZE", 2)
    product = make_product(name="v0")
    for number in range(1, 4):
        Product.objects.filter(pk=product.pk).update(name=f"v{number}")
    first = desk.get(url(product))
    older = desk.get(url(product) + first.context["older_url"])
    assert [told.fields[0][2] for told in first.context["told"]] == ["v3", "v2"]
    assert older.context["told"][0].fields[0][1:] == ("v0", "v1")


def test_history_costs_the_same_at_any_length(desk: Any) -> None:
    product = make_product()
    counts = []
    for _ in range(2):
        for _ in range(10):
            category = Category.objects.create(name=f"C{Category.objects.count()}")
            Product.objects.filter(pk=product.pk).update(category=category)
        with CaptureQueriesContext(connection) as captured:
            desk.get(url(product))
        counts.append(len(captured))
    assert counts[1] <= counts[0]


def test_history_is_read_only(desk: Any) -> None:
    product = make_product(name="Old")
    assert desk.post(url(product), {"name": "New"}).status_code == 405
    assert reload(product).name == "Old"


def test_the_form_of_the_library_is_not_reachable(desk: Any) -> None:
    product = make_product(name="Old")
    version = f"{url(product)}{product.history.first().pk}/"
    assert desk.post(version, {"name": "New"}, follow=True).status_code in (200, 404, 405)
    assert reload(product).name == "Old"


def test_whoever_may_not_see_the_row_does_not_see_its_history(operator: Any, viewer: Any, signed_in: Any) -> None:
    assert signed_in(operator).get(url(viewer)).status_code == 403
    assert signed_in(viewer).get(url(make_product())).status_code == 200


def test_what_never_was_has_no_history(desk: Any) -> None:
    assert desk.get("/catalog/product/999999/history/").status_code == 404
    assert desk.get("/catalog/product/abc/history/").status_code == 404


def test_a_change_set_tells_all_that_it_wrote(desk: Any, manager: Any) -> None:
    product = make_product(name="Old")
    with recording(kind="form", actor=manager, reason="tidy"):
        Product.objects.filter(pk=product.pk).update(name="New")
    change_set = ChangeSet.objects.get(reason="tidy")
    page = desk.get(f"/changes/changeset/{change_set.pk}/change/").content.decode()
    assert "Old" in page
    assert "New" in page
    assert "1 product" in desk.get("/changes/changeset/").content.decode()


def test_a_change_set_hides_what_one_may_not_see(viewer: Any, operator: Any, signed_in: Any) -> None:
    with recording(kind="form", actor=operator, reason="secret"):
        type(operator).objects.filter(pk=operator.pk).update(name="Somebody else")
    change_set = ChangeSet.objects.get(reason="secret")
    page = signed_in(viewer).get(f"/changes/changeset/{change_set.pk}/change/").content.decode()
    assert "Somebody else" not in page
    assert "rows that your role does not show" in page
