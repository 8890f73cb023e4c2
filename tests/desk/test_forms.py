"""Forms: only what was changed is written, and nobody's change is overwritten."""

from typing import Any

import pytest
from django.contrib import admin

from backoffice.changes.models import ChangeSet
from catalog.models import Product, StockMovement
from customers.models import Address, Customer
from tests.factories import make_customer, make_product, reload

pytestmark = pytest.mark.django_db


def posted(product: Product, **changed: Any) -> dict[str, Any]:
    known = {
        "sku": product.sku,
        "name": product.name,
        "status": product.status,
        "price": product.price,
        "tax_rate": product.tax_rate,
        "reorder_level": product.reorder_level,
        "_version": product.updated_at.isoformat(),
        "movements-TOTAL_FORMS": 0,
        "movements-INITIAL_FORMS": 0,
    }
    return known | changed


def url(row: Any) -> str:
    return f"/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def test_a_save_writes_what_was_changed(desk: Any) -> None:
    product = make_product(name="Old")
    assert desk.post(url(product), posted(product, name="New")).status_code == 302
    assert reload(product).name == "New"


def test_a_save_leaves_stock_alone_that_moved_meanwhile(desk: Any, django_assert_num_queries: Any) -> None:
    product = make_product(name="Old", on_hand=5)
    page = posted(product, name="New")
    StockMovement.objects.create(product=product, delta=3, reason="receipt")
    page["_version"] = reload(product).updated_at.isoformat()
    desk.post(url(product), page)
    assert reload(product).on_hand == 8


def test_a_stale_form_overwrites_nothing_and_names_who_was_faster(
    desk: Any, catalogue_manager: Any, signed_in: Any
) -> None:
    product = make_product(name="Old")
    page = posted(product, name="Mine")
    signed_in(catalogue_manager).post(url(product), posted(product, name="Theirs"))
    response = desk.post(url(product), page)
    assert response.status_code == 200
    assert "Catalogue manager changed this product" in response.content.decode()
    assert reload(product).name == "Theirs"


def test_a_form_without_a_version_is_refused(desk: Any) -> None:
    product = make_product(name="Old")
    page = posted(product, name="New")
    del page["_version"]
    assert desk.post(url(product), page).status_code == 200
    assert reload(product).name == "Old"


def test_a_save_that_changes_nothing_writes_nothing(desk: Any) -> None:
    product = make_product(name="Same")
    before = product.history.count()
    desk.post(url(product), posted(product))
    assert product.history.count() == before


def test_the_reason_stands_in_the_history(desk: Any) -> None:
    product = make_product(name="Old")
    desk.post(url(product), posted(product, name="New", _reason="supplier renamed it"))
    newest = product.history.first()
    assert newest.history_change_reason == "supplier renamed it"
    assert newest.change_set.kind == ChangeSet.Kind.FORM


def customer_form(customer: Customer, address: Address, **changed: Any) -> dict[str, Any]:
    fields = ("number", "name", "company", "email", "phone", "country")
    known = {name: getattr(customer, name) for name in fields} | {"_version": customer.updated_at.isoformat()}
    known |= {"addresses-TOTAL_FORMS": 1, "addresses-INITIAL_FORMS": 1, "addresses-0-id": address.pk}
    known |= {"addresses-0-customer": customer.pk, "addresses-0-kind": address.kind, "addresses-0-line1": address.line1}
    known["addresses-0-_version"] = address.updated_at.isoformat()
    return known | changed


def test_the_list_of_changes_does_not_name_the_page_of_a_form(desk: Any) -> None:
    product = make_product(name="Old")
    desk.post(url(product), posted(product, name="New"))
    assert product.history.first().change_set.source.startswith("POST /")
    page = desk.get("/changes/changeset/")
    assert "Form" in page.content.decode()
    assert "POST /" not in page.content.decode()


def test_a_stale_row_of_an_inline_overwrites_nothing(desk: Any) -> None:
    customer = make_customer(name="Ada")
    address = Address.objects.create(customer=customer, line1="1 Old Road")
    address = reload(address)
    page = customer_form(customer, address, **{"addresses-0-line1": "3 My Road"})
    Address.objects.filter(pk=address.pk).update(line1="2 Their Road")
    response = desk.post(url(customer), page)
    assert response.status_code == 200
    assert reload(address).line1 == "2 Their Road"


def test_a_row_of_an_inline_is_saved(desk: Any) -> None:
    customer = make_customer(name="Ada")
    address = reload(Address.objects.create(customer=customer, line1="1 Old Road"))
    page = customer_form(reload(customer), address, **{"addresses-0-line1": "3 My Road"})
    assert desk.post(url(customer), page).status_code == 302
    assert reload(address).line1 == "3 My Road"


def test_no_list_is_edited_in_place_past_the_versions_of_its_rows() -> None:
    assert [desk for desk in admin.site._registry.values() if desk.list_editable] == []


def test_one_who_may_only_look_cannot_save(viewer: Any, signed_in: Any) -> None:
    product = make_product(name="Old")
    assert signed_in(viewer).post(url(product), posted(product, name="New")).status_code == 403
    assert reload(product).name == "Old"


@pytest.mark.parametrize("url", ["/catalog/product/add/", "/customers/customer/add/"])
def test_a_new_row_asks_only_for_what_one_can_enter(desk: Any, url: str) -> None:
    page = desk.get(url).context
    fields = [field for fieldset in page["adminform"] for line in fieldset for field in line]
    assert not [field for field in fields if field.is_readonly]
    assert not [inline for inline in page["inline_admin_formsets"] if not inline.has_add_permission]


def test_a_change_without_its_reason_leads_to_where_it_is_asked_for(desk: Any) -> None:
    product = make_product(name="Old")
    page = desk.post(url(product), posted(product, price="12.00")).content.decode()
    assert "Say why you change: Price" in page
    assert 'aria-invalid="true" autofocus' in page
    assert 'aria-invalid="true" autofocus' not in desk.get(url(product)).content.decode()


def test_one_who_may_only_look_sees_figures_as_lists_show_them(viewer: Any, signed_in: Any) -> None:
    product = make_product(price="1234.5", name="<b>Bowl</b>", allow_backorder=True)
    page = signed_in(viewer).get(url(product)).content.decode()
    assert '<span class="desk-figure">1,234.50</span>' in page
    assert "&lt;b&gt;Bowl&lt;/b&gt;" in page
    assert "1234.5" not in page
    assert "check_small" not in page


def test_each_value_of_a_row_below_names_its_column(viewer: Any, signed_in: Any) -> None:
    product = make_product(on_hand=5)
    page = signed_in(viewer).get(url(product)).content.decode()
    assert '<span class="desk-cell-label" aria-hidden="true">Change</span>' in page


@pytest.mark.parametrize("key", ["made up", "9" * 30])
def test_a_row_that_does_not_exist_is_refused_in_words(desk: Any, key: str) -> None:
    product = make_product()
    response = desk.post(url(product), posted(product, category=key))
    assert "That choice is not one of the available choices." in response.content.decode()
    assert reload(product).category is None
