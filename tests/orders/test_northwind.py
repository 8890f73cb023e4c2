"""The classic trading company, through --map, its two order files joined into one table first."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import F, Sum

from catalog.models import Product
from customers.models import Customer
from orders.models import Order, OrderLine
from tests.spreadsheets.importing import counts, run_import, write_table

pytestmark = pytest.mark.django_db


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def northwind(shared_data: Path) -> Path:
    return shared_data / "northwind"


@pytest.fixture
def joined(northwind: Path, tmp_path: Path) -> Path:
    """Each line with the columns of its order."""
    orders = {order["order_id"]: order for order in read(northwind / "orders.csv")}

    def rows() -> Iterator[dict[str, str]]:
        for line in read(northwind / "order_details.csv"):
            yield line | orders[line["order_id"]]

    table = list(rows())
    return write_table(tmp_path / "joined.csv", table[0], (row.values() for row in table))


def test_products_come_in(northwind: Path) -> None:
    answer = run_import(
        "products",
        northwind / "products.csv",
        "--apply",
        "--map",
        "sku=product_id",
        "name=product_name",
        "price=unit_price",
        "--set",
        "status=active",
    )
    assert counts(answer) == (77, 0, 0, 0)
    assert Product.objects.get(sku="1").name == "Chai"


def test_customers_come_in(northwind: Path) -> None:
    mapped = ["--map", "number=customer_id", "company=company_name", "name=contact_name"]
    answer = run_import("customers", northwind / "customers.csv", "--apply", *mapped)
    assert counts(answer) == (91, 0, 0, 0)
    assert Customer.objects.get(number="ANATR").company == "Ana Trujillo Emparedados y helados"


def test_orders_come_in_and_their_net_total_holds(joined: Path) -> None:
    mapped = ["--map", "number=order_id", "discount_rate=discount", "--set", "currency=USD"]
    answer = run_import("orders", joined, "--apply", *mapped)
    assert counts(answer) == (2155, 0, 0, 0)
    assert OrderLine.objects.aggregate(net=Sum("total"))["net"] == Decimal("1265793.0395")
    assert Order.objects.aggregate(net=Sum(F("subtotal") - F("discount")))["net"] == Decimal("1265793.0395")


def test_freight_and_country_of_the_sale_stay_on_the_order(joined: Path, northwind: Path) -> None:
    run_import("orders", joined, "--apply", "--map", "discount_rate=discount")
    freight = sum(Decimal(order["freight"]) for order in read(northwind / "orders.csv"))
    assert Order.objects.aggregate(freight=Sum("shipping"))["freight"] == freight
    assert Order.objects.get(number="10248").country == "France"


def test_a_second_run_changes_nothing(joined: Path) -> None:
    run_import("orders", joined, "--apply", "--map", "discount_rate=discount")
    again = run_import("orders", joined, "--apply", "--map", "discount_rate=discount")
    assert counts(again) == (0, 0, 2155, 0)
