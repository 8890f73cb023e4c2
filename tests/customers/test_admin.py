"""Customers on the desk."""

from typing import Any

import pytest
from django.urls import reverse

from customers.models import Customer
from tests.factories import make_customer

pytestmark = pytest.mark.django_db

EMPTY_ADDRESSES = {f"addresses-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS")}


def test_a_new_customer_is_given_the_next_number_on_saving(signed_in: Any, operator: Any) -> None:
    client, url = signed_in(operator), reverse("admin:customers_customer_add")
    client.get(url)
    client.post(url, {"number": "", "name": "Ada"} | EMPTY_ADDRESSES)
    client.get(url)
    client.post(url, {"number": "", "name": "Grace"} | EMPTY_ADDRESSES)
    ada, grace = (Customer.objects.get(name=name).number for name in ("Ada", "Grace"))
    assert int(grace.removeprefix("C")) == int(ada.removeprefix("C")) + 1


def test_a_new_customer_keeps_a_number_of_ones_own(signed_in: Any, operator: Any) -> None:
    client, url = signed_in(operator), reverse("admin:customers_customer_add")
    client.post(url, {"number": "X-7", "name": "Ada"} | EMPTY_ADDRESSES)
    assert Customer.objects.get(name="Ada").number == "X-7"
    page = client.post(url, {"number": "X-7", "name": "Grace"} | EMPTY_ADDRESSES)
    assert "Another customer has this number." in page.content.decode()


def test_a_change_keeps_its_reason(signed_in: Any, operator: Any) -> None:
    customer = make_customer(number="7", name="Ada")
    posted = {"number": "7", "name": "Ada L.", "_version": customer.updated_at.isoformat(), "_reason": "married"}
    signed_in(operator).post(reverse("admin:customers_customer_change", args=[customer.pk]), posted | EMPTY_ADDRESSES)
    newest = customer.history.latest()
    assert (newest.name, newest.history_change_reason, newest.history_user) == ("Ada L.", "married", operator)


def test_a_stale_form_writes_nothing_and_names_who_was_first(signed_in: Any, operator: Any) -> None:
    customer = make_customer(number="7", name="Ada")
    opened = customer.updated_at.isoformat()
    Customer.objects.filter(pk=customer.pk).update(name="Ada King")
    posted = {"number": "7", "name": "Ada L.", "_version": opened}
    page = signed_in(operator).post(
        reverse("admin:customers_customer_change", args=[customer.pk]), posted | EMPTY_ADDRESSES
    )
    assert "Nothing is saved yet" in page.content.decode()
    assert Customer.objects.get(pk=customer.pk).name == "Ada King"


def test_blocking_wants_a_reason(signed_in: Any, operator: Any) -> None:
    customer = make_customer()
    url = reverse("admin:customers_customer_action", args=[customer.pk, "block"])
    client = signed_in(operator)
    client.post(url, {"confirmed": "1", "reason": ""})
    assert not Customer.objects.get(pk=customer.pk).blocked
    client.post(url, {"confirmed": "1", "reason": "never paid"})
    assert Customer.objects.get(pk=customer.pk).blocked


def test_a_viewer_reads_and_does_not_change(signed_in: Any, viewer: Any) -> None:
    customer = make_customer(number="7", name="Ada")
    client = signed_in(viewer)
    url = reverse("admin:customers_customer_change", args=[customer.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"number": "7", "name": "Eve"} | EMPTY_ADDRESSES).status_code == 403
    assert Customer.objects.get(pk=customer.pk).name == "Ada"
