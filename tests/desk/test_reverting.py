"""Back to an earlier version: through the form, with a look at what changed since."""

from decimal import Decimal
from typing import Any

import pytest

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from orders.services import place_order
from tests.factories import make_draft, make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(catalogue_manager: Any, signed_in: Any) -> Any:
    return signed_in(catalogue_manager)


@pytest.fixture
def product() -> Product:
    """A product that somebody renamed, and somebody else made dearer."""
    product = make_product(name="Bowl", price=Decimal("2.50"))
    for who, fields in (("Ada", {"name": "Dish"}), ("Bea", {"price": Decimal("3.75")})):
        with recording(kind="form", actor_label=who):
            Product.objects.filter(pk=product.pk).update(**fields)
    return product


def first_version(row: Any) -> int:
    return int(row.history.earliest("history_id").history_id)


def url(row: Any, page: str) -> str:
    return f"/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{page}/"


def revert_url(row: Any) -> str:
    return f"{url(row, 'change')}?version={first_version(row)}"


def shown(response: Any) -> dict[str, Any]:
    """Return what the form that is shown would post."""
    form = response.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    values = {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}
    posted = {name: value for name, value in values.items() if value is not None and value is not False}
    for inline in response.context["inline_admin_formsets"]:
        management = inline.formset.management_form
        posted |= {management.add_prefix(name): management[name].value() for name in management.fields}
    return posted | {"_version": form.version}


def test_history_offers_every_version_but_the_newest(desk: Any, product: Product) -> None:
    page = desk.get(url(product, "history")).content.decode()
    assert page.count("Revert to this version") == product.history.count() - 1
    assert f"?version={first_version(product)}" in page


def test_the_form_opens_with_the_values_of_then_and_writes_nothing(desk: Any, product: Product) -> None:
    form = desk.get(revert_url(product)).context["adminform"].form
    assert (form["name"].value(), form["price"].value()) == ("Bowl", Decimal("2.5000"))
    assert reload(product).name == "Dish"


def test_it_tells_what_changed_since_and_by_whom(desk: Any, product: Product) -> None:
    page = desk.get(revert_url(product)).content.decode()
    for words in ("Bowl", "Dish", "Ada", "2.50", "3.75", "Bea"):
        assert words in page


def test_saving_goes_back_and_says_so(desk: Any, product: Product) -> None:
    opened = desk.get(revert_url(product))
    desk.post(revert_url(product), shown(opened) | {"_reason": opened.context["posted_reason"]})
    assert (reload(product).name, reload(product).price) == ("Bowl", Decimal("2.5000"))
    assert ChangeSet.objects.latest("pk").reason.startswith("Back to the version of")


def test_some_fields_may_be_left_as_they_are(desk: Any, product: Product) -> None:
    opened = desk.get(revert_url(product))
    desk.post(revert_url(product), shown(opened) | {"price": "3.75", "_reason": "name only"})
    assert (reload(product).name, reload(product).price) == ("Bowl", Decimal("3.7500"))


def test_what_the_form_refuses_is_not_written(desk: Any, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(sku="NEW-SKU")
    make_product(sku=product.sku)
    opened = desk.get(revert_url(product))
    page = desk.post(revert_url(product), shown(opened) | {"_reason": "back"}).content.decode()
    assert "Another product has this SKU" in page
    assert reload(product).name == "Dish"


def test_a_change_made_meanwhile_is_not_overwritten(desk: Any, product: Product) -> None:
    opened = desk.get(revert_url(product))
    Product.objects.filter(pk=product.pk).update(name="Cup")
    desk.post(revert_url(product), shown(opened) | {"_reason": "back"})
    assert reload(product).name == "Cup"


def test_what_the_form_does_not_set_stays(manager: Any, signed_in: Any) -> None:
    order = make_draft()
    place_order(order=order)
    page = signed_in(manager).get(revert_url(order)).content.decode()
    assert "stays: not set by this form" in page


def test_who_may_not_change_is_not_offered_it(viewer: Any, signed_in: Any, product: Product) -> None:
    assert "Revert to this version" not in signed_in(viewer).get(url(product, "history")).content.decode()


def test_a_version_of_another_row_is_ignored(desk: Any, product: Product) -> None:
    other = make_product(name="Other")
    response = desk.get(f"{url(product, 'change')}?version={first_version(other)}")
    assert response.context["adminform"].form["name"].value() == "Dish"


def test_the_history_of_a_deleted_row_leads_to_its_return(manager: Any, signed_in: Any) -> None:
    category = Category.objects.create(name="Chairs")
    address = url(category, "history")
    with recording(kind="form") as context:
        Category.objects.all().delete()
    change_set = ChangeSet.objects.get(key=context.key)
    assert f"/changes/changeset/{change_set.pk}/undo/" in signed_in(manager).get(address).content.decode()
