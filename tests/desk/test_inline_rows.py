"""Rows under a form can be deleted by those who hear the page, and by keyboard."""

import re
from typing import Any

import pytest

from customers.models import Address
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


def test_what_deletes_a_row_says_which(manager: Any, signed_in: Any) -> None:
    address = Address.objects.create(customer=make_customer(), line1="1 High Street")
    page = signed_in(manager).get(f"/customers/customer/{address.customer_id}/change/").content.decode()
    labels = re.findall(r"<label[^>]*>.*?</label>", page, re.DOTALL)
    (label,) = [each for each in labels if re.search(r"<input[^>]*-DELETE", each)]
    assert f"Delete {address}" in label
    assert 'class="hidden"' not in label
