"""What the database itself refuses, tried by SQL."""

import pytest

from customers.models import Address, CustomerFigures
from tests.constraints import refused_by, rules_of
from tests.factories import make_customer

pytestmark = pytest.mark.django_db

ATTEMPTS = [
    ("customers_customer_number_trimmed", "UPDATE customers_customer SET number = number || ' '"),
    ("customers_customer_number_trimmed", "UPDATE customers_customer SET number = '' WHERE number = 'C1'"),
    ("customers_customer_number_key", "UPDATE customers_customer SET number = 'C1'"),
    ("customers_customer_email_once", "UPDATE customers_customer SET email = 'ANN@example.com' WHERE number = 'C2'"),
    ("customers_customer_consent_has_time", "UPDATE customers_customer SET marketing_consent = true"),
    ("customers_address_one_default", "UPDATE customers_address SET is_default = true"),
    ("customers_customerfigures_orders_count_check", "UPDATE customers_customerfigures SET orders_count = -1"),
    ("customers_customerfigures_recency_score_check", "UPDATE customers_customerfigures SET recency_score = -1"),
    ("customers_customerfigures_frequency_score_check", "UPDATE customers_customerfigures SET frequency_score = -1"),
    ("customers_customerfigures_monetary_score_check", "UPDATE customers_customerfigures SET monetary_score = -1"),
]


@pytest.fixture
def book() -> None:
    """Two customers, one with two addresses and figures."""
    ann = make_customer(number="C1", email="ann@example.com")
    CustomerFigures.objects.create(customer=ann)
    make_customer(number="C2", email="")
    for line1 in ("1 High Street", "2 High Street"):
        Address.objects.create(customer=ann, line1=line1)


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize(("rule", "sql"), ATTEMPTS)
def test_the_database_refuses(rule: str, sql: str) -> None:
    assert refused_by(sql) == rule


def test_every_rule_is_tried() -> None:
    assert rules_of("customers") == {rule for rule, _sql in ATTEMPTS}
