"""The spreadsheet of orders."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.registry import get_resource
from catalog.models import Product
from customers.models import Customer, CustomerFigures
from orders.models import Order, OrderLine
from orders.resources import OrderResource
from tests.factories import make_customer, make_placed, make_product
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LAMP = "536365,85123A,LAMP,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
CUP = "536365,71053,CUP,2,2010-12-01 08:27:00,3.39,17850,United Kingdom"


def apply(path: Path, *rows: str, header: str = HEADER) -> dict[str, Any]:
    return run_import("orders", write_csv(path / "orders.csv", header, *rows), "--apply")


def rules(answer: dict[str, Any]) -> list[tuple[int, str]]:
    return [(found["row"], found["rule"]) for found in answer["problems"]]


def test_rows_become_customer_products_order_and_lines(tmp_path: Path) -> None:
    answer = apply(tmp_path, LAMP, CUP)
    assert {name: found["create"] for name, found in answer["tables"].items()} == {
        "customers": 1,
        "products": 2,
        "orders": 1,
        "lines": 2,
    }
    assert Order.objects.get().total == Decimal("22.08")


def test_the_planner_knows_of_many_new_products_when_lines_are_joined_to_them(tmp_path: Path) -> None:
    apply(tmp_path, *(LAMP.replace("85123A", f"A{number}") for number in range(1000)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'catalog_product'::regclass")
        assert cursor.fetchone() == (1000.0,)


def test_an_order_is_placed_at_the_first_time_of_its_rows(tmp_path: Path) -> None:
    apply(tmp_path, CUP, LAMP)
    assert Order.objects.get().placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def test_a_c_number_is_a_credit_note(tmp_path: Path) -> None:
    apply(tmp_path, "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,,United Kingdom")
    order = Order.objects.get()
    assert (order.kind, order.total, order.customer) == ("credit", Decimal("-27.5"), None)
    assert order.lines.get().shipped == 0


def test_history_is_taken_as_it_happened(tmp_path: Path) -> None:
    answer = apply(tmp_path, "A563186,B,Adjust bad debt,1,2011-08-12,-11062.06,,UK", "A563186,B,,-3,2011-08-12,0,,UK")
    assert counts(answer) == (2, 0, 0, 0)


def test_one_product_whatever_the_case_and_each_line_as_written(tmp_path: Path) -> None:
    apply(tmp_path, LAMP, LAMP.replace("85123A", "85123a"))
    assert Product.objects.count() == 1
    assert set(OrderLine.objects.values_list("sku", flat=True)) == {"85123A", "85123a"}


def test_a_product_has_its_most_frequent_name_and_newest_price(tmp_path: Path) -> None:
    apply(
        tmp_path,
        "1,A1,LAMP,1,2011-01-01,2,,UK",
        "2,A1,LAMP,1,2011-01-03,3,,UK",
        "3,A1,lost,-1,2011-01-04,9,,UK",
        "4,A1,,1,2011-01-05,0,,UK",
    )
    product = Product.objects.get()
    assert (product.name, product.price, product.status) == ("LAMP", 3, "active")


def test_exact_repeats_are_lines_of_their_own_and_found_again(tmp_path: Path) -> None:
    apply(tmp_path, LAMP, LAMP, CUP)
    assert OrderLine.objects.count() == 3
    assert counts(apply(tmp_path, LAMP, LAMP, CUP)) == (0, 0, 3, 0)


def test_rows_in_another_order_are_found_again(tmp_path: Path) -> None:
    apply(tmp_path, LAMP, CUP, LAMP)
    answer = apply(tmp_path, CUP, LAMP, LAMP)
    assert (counts(answer), answer["change_set"]) == ((0, 0, 3, 0), None)


def test_a_corrected_row_updates_its_line_and_the_total(tmp_path: Path) -> None:
    apply(tmp_path, LAMP, CUP)
    answer = apply(tmp_path, LAMP.replace(",6,", ",5,"), CUP)
    assert counts(answer) == (0, 1, 1, 0)
    assert answer["tables"]["orders"]["update"] == 1
    assert Order.objects.get().total == Decimal("19.53")


def test_lines_that_the_file_leaves_out_stay(tmp_path: Path) -> None:
    apply(tmp_path, LAMP, CUP)
    assert counts(apply(tmp_path, CUP)) == (0, 0, 1, 0)
    assert Order.objects.get().total == Decimal("22.08")


def test_a_new_line_comes_after_those_there(tmp_path: Path) -> None:
    apply(tmp_path, LAMP)
    apply(tmp_path, CUP)
    assert list(OrderLine.objects.values_list("sku", "position")) == [("85123A", 1), ("71053", 2)]


def test_a_customer_has_the_country_of_the_newest_line_and_a_sale_keeps_its_own(tmp_path: Path) -> None:
    apply(tmp_path, "1,A1,x,1,2011-02-01,1,C1,Spain", "2,A1,x,1,2011-01-01,1,C1,France")
    assert Customer.objects.get().country == "Spain"
    assert dict(Order.objects.values_list("number", "country")) == {"1": "Spain", "2": "France"}


def test_an_older_line_does_not_move_a_customer(tmp_path: Path) -> None:
    apply(tmp_path, "1,A1,x,1,2011-02-01,1,C1,Spain")
    apply(tmp_path, "2,A1,x,1,2011-01-01,1,C1,France")
    assert Customer.objects.get().country == "Spain"
    apply(tmp_path, "3,A1,x,1,2011-03-01,1,C1,Italy")
    assert Customer.objects.get().country == "Italy"


def test_what_the_catalogue_says_is_not_overwritten(tmp_path: Path) -> None:
    make_product(sku="85123A", name="Heart lamp", price=5)
    make_product(sku="71053", name="")
    answer = apply(tmp_path, LAMP, CUP)
    assert answer["tables"]["products"] == {"create": 0, "update": 1, "unchanged": 1}
    assert set(Product.objects.values_list("name", flat=True)) == {"Heart lamp", "CUP"}


def test_the_figures_of_the_customer_follow(tmp_path: Path) -> None:
    apply(tmp_path, LAMP)
    figures = CustomerFigures.objects.get(customer__number="17850")
    assert (figures.orders_count, figures.spent) == (1, Decimal("15.30"))


def test_one_refused_row_refuses_its_order_and_no_other(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "o.csv", HEADER, LAMP, CUP.replace(",2,", ",two,"), "2,A1,x,1,2011-01-01,1,,UK")
    answer = run_import("orders", path, "--apply", "--only-valid")
    assert rules(answer) == [(2, "order_incomplete"), (3, "integer")]
    assert Order.objects.get().number == "2"


def test_rows_that_disagree_about_their_order_are_refused(tmp_path: Path) -> None:
    answer = apply(tmp_path, LAMP, CUP.replace("17850", "17851"))
    assert rules(answer) == [(2, "disagrees"), (3, "disagrees")]
    assert "both “17850” and “17851”" in answer["problems"][0]["message"]


def test_an_order_made_here_is_never_rewritten(tmp_path: Path) -> None:
    order = make_placed()
    answer = apply(tmp_path, LAMP.replace("536365", order.number))
    assert rules(answer) == [(2, "live_order")]
    assert (answer["status"], Order.objects.get().total) == (1, order.total)


def test_a_row_that_says_what_an_order_made_here_is_changes_nothing(tmp_path: Path) -> None:
    order = make_placed(customer=make_customer(number="C7"))
    line = order.lines.get()
    answer = apply(
        tmp_path,
        f"{order.number},{line.sku},{order.placed_at.isoformat()},{line.quantity},{line.unit_price},C7",
        header="number,sku,placed_at,quantity,unit_price,customer",
    )
    assert counts(answer) == (0, 0, 1, 0)


def test_the_discount_rate_becomes_money_and_shipping_joins_the_total(tmp_path: Path) -> None:
    apply(
        tmp_path,
        "10250,51,35,42.4,0.15,1996-07-08,65.83",
        header="number,sku,quantity,unit price,discount rate,placed at,freight",
    )
    order = Order.objects.get()
    assert (order.subtotal, order.discount, order.shipping) == (Decimal(1484), Decimal("222.6"), Decimal("65.83"))
    assert order.total == Decimal("1327.23")


def test_a_naive_time_is_read_in_the_time_zone_of_the_desk() -> None:
    zone = OrderResource().columns["placed_at"].convert.zone  # type: ignore[attr-defined]
    assert str(zone) == settings.TIME_ZONE


def test_a_time_with_an_offset_is_turned_into_utc(tmp_path: Path) -> None:
    apply(tmp_path, LAMP.replace("08:26:00", "08:26:00+02:00"))
    assert Order.objects.get().placed_at == datetime(2010, 12, 1, 6, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("number,sku,quantity,placed at,unit price", "X1,A,2147483647,2011-01-01,9999999"),
        ("number,sku,quantity,placed at,unit price", "X1,A,1000000,2011-01-01,-500000"),
        ("number,sku,quantity,placed at,unit price,discount rate", "X1,A,1000000,2011-01-01,20000,0.5"),
        ("number,sku,quantity,placed at,unit price,shipping", "X1,A,100,2011-01-01,9999999999,500"),
    ],
)
def test_amounts_that_no_column_holds_are_refused_at_the_check(tmp_path: Path, header: str, cells: str) -> None:
    answer = apply(tmp_path, cells, cells, header=header)
    assert rules(answer) == [(2, "too_large"), (3, "too_large")]
    assert not Order.objects.exists()


def test_orders_that_no_figure_of_their_customer_holds_are_not_written(tmp_path: Path) -> None:
    header = "number,sku,quantity,placed at,unit price,customer"
    rows = [f"X{number},A,100,2011-01-01,6000000000,C1" for number in range(2)]
    answer = apply(tmp_path, *rows, header=header)
    assert (answer["status"], Order.objects.count()) == (2, 0)
    assert "larger than the desk keeps" in answer["stderr"]


def test_tags_are_set_by_number(tmp_path: Path) -> None:
    order = make_placed()
    rows = ("number,tags", f'{order.number},"gift, late"', "SO-0,vip")
    assert counts(run_import("order-tags", write_csv(tmp_path / "t.csv", *rows), "--apply", "--only-valid")) == (
        0,
        1,
        0,
        1,
    )
    assert Order.objects.get().tags == ["gift", "late"]
    export_sheet(get_resource("order-tags"), tmp_path / "tags.csv")
    assert counts(run_import("order-tags", tmp_path / "tags.csv", "--apply")) == (0, 0, 1, 0)
