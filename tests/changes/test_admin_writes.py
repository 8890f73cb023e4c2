"""What is written through the admin leaves one version of each changed row, by whom, why and how."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backoffice.changes.models import ChangeSet
from backoffice.spreadsheets.models import ImportJob
from catalog.models import Category, Product
from customers.models import Address, Customer
from orders.models import Order
from tests.desk.bulk import run_on_list
from tests.factories import make_customer, make_placed, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def versions(model: Any, since: int) -> list[tuple[Any, ...]]:
    """Return what the versions newer than `since` say: of which row, what happened, who, why and how."""
    newer = model.history.filter(history_id__gt=since).order_by("id")
    told = ("id", "history_type", "history_user__name", "history_change_reason", "change_set__kind")
    return list(newer.values_list(*told))


def newest(model: Any) -> int:
    latest = model.history.order_by("-history_id").first()
    return latest.history_id if latest else 0


def form_of(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names} | {"_version": row.updated_at.isoformat()}


def customer_form(customer: Customer, *addresses: Address) -> dict[str, Any]:
    form = form_of(customer, "number", "name", "company", "email", "phone", "country")
    form |= {"addresses-TOTAL_FORMS": len(addresses), "addresses-INITIAL_FORMS": len(addresses), "_reason": "moved"}
    for place, address in enumerate(addresses):
        lines = {"id": address.pk, "customer": customer.pk, "kind": address.kind, "line1": address.line1}
        lines["_version"] = address.updated_at.isoformat()
        form |= {f"addresses-{place}-{name}": value for name, value in lines.items()}
    return form


def customer_with_addresses() -> tuple[Customer, list[Address]]:
    customer = make_customer(name="Ada")
    addresses = [Address.objects.create(customer=customer, line1=f"{n} High Street") for n in (1, 2)]
    return customer, addresses


def test_a_form_that_adds_leaves_one_version(desk: Any) -> None:
    since = newest(Category)
    desk.post("/catalog/category/add/", {"name": "Rugs", "position": 0})
    assert versions(Category, since) == [(Category.objects.get().pk, "+", "Manager", None, "form")]


def test_a_form_that_deletes_leaves_one_version(desk: Any) -> None:
    category = Category.objects.create(name="Rugs")
    since = newest(Category)
    desk.post(f"/catalog/category/{category.pk}/delete/", {"post": "yes"})
    assert versions(Category, since) == [(category.pk, "-", "Manager", None, "form")]


def test_an_inline_leaves_versions_of_the_lines_that_changed_only(desk: Any) -> None:
    customer, addresses = customer_with_addresses()
    of_customers, of_addresses = newest(Customer), newest(Address)
    form = customer_form(customer, *addresses) | {"addresses-1-line1": "3 High Street"}
    desk.post(f"/customers/customer/{customer.pk}/change/", form)
    assert versions(Customer, of_customers) == []
    assert versions(Address, of_addresses) == [(addresses[1].pk, "~", "Manager", "moved", "form")]


def test_a_form_and_its_inline_are_one_change_set(desk: Any) -> None:
    customer, addresses = customer_with_addresses()
    form = customer_form(customer, *addresses) | {"name": "Grace", "addresses-0-DELETE": "on"}
    desk.post(f"/customers/customer/{customer.pk}/change/", form)
    counts = {"customers.customer": {"~": 1}, "customers.address": {"-": 1}}
    assert ChangeSet.objects.get(reason="moved").counts == counts


def test_an_unchanged_form_leaves_nothing(desk: Any) -> None:
    customer, addresses = customer_with_addresses()
    sets = ChangeSet.objects.count()
    response = desk.post(f"/customers/customer/{customer.pk}/change/", customer_form(customer, *addresses))
    assert (response.status_code, ChangeSet.objects.count()) == (302, sets)


def test_a_refused_form_leaves_nothing(desk: Any) -> None:
    customer, addresses = customer_with_addresses()
    sets = ChangeSet.objects.count()
    form = customer_form(customer, *addresses) | {"name": "Grace", "addresses-1-line1": ""}
    response = desk.post(f"/customers/customer/{customer.pk}/change/", form)
    assert (response.status_code, ChangeSet.objects.count()) == (200, sets)


def test_a_bulk_action_leaves_one_version_of_each_row_it_did(desk: Any) -> None:
    orders = [make_placed(), make_placed()]
    since = newest(Order)
    selected = {"action": "hold", "index": 0, "_selected_action": [order.pk for order in orders]}
    run_on_list(desk, "/orders/order/", selected | {"reason": "strike"})
    assert versions(Order, since) == [(order.pk, "~", "Manager", "strike", "action") for order in orders]


def test_an_import_leaves_one_version_of_each_row_it_changed(desk: Any) -> None:
    known = make_product(sku="OLD", name="Old")
    same = make_product(sku="SAME", name="Same")
    since = newest(Product)
    file = SimpleUploadedFile("list.csv", b"SKU,Name\nOLD,Renamed\nSAME,Same\nNEW,Fresh\n")
    desk.post("/spreadsheets/importjob/add/", {"resource": "products", "file": file, "reason": "autumn"})
    assert versions(Product, since) == []
    desk.post(f"/spreadsheets/importjob/{ImportJob.objects.get().pk}/confirm/")
    fresh = Product.objects.get(sku="NEW")
    told = [(known.pk, "~", "Manager", "autumn", "import"), (fresh.pk, "+", "Manager", "autumn", "import")]
    assert versions(Product, since) == told
    assert same.history.count() == 1
