"""Files of a list: its rows under queue, filters and search, for those who may have them."""

import csv
import io
from typing import Any

import openpyxl
import pytest

from backoffice.desk.admin import sheets
from tests.factories import make_customer, make_product
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def table(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(response).decode("utf-8-sig"))))


def test_a_file_holds_what_the_list_shows(signed_in: Any, viewer: Any) -> None:
    for sku, status in (("A-1", "active"), ("A-2", "draft"), ("B-1", "active")):
        make_product(sku=sku, status=status)
    rows = table(signed_in(viewer).get("/catalog/product/export/products.csv?q=A*&status__exact=active"))
    assert [row["SKU"] for row in rows] == ["A-1"]


def test_a_file_holds_all_pages_and_not_the_one_that_is_open(signed_in: Any, viewer: Any) -> None:
    for number in range(130):
        make_product(sku=f"A-{number}")
    assert len(table(signed_in(viewer).get("/catalog/product/export/products.csv?last=1"))) == 130


def test_a_workbook_of_orders_has_a_row_a_line_of_the_orders_shown(signed_in: Any, manager: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"), (2, "7"), country="Spain")
    make_sale("2026-10-05T10:00Z", (1, "5"), country="Peru")
    response = signed_in(manager).get("/orders/order/export/orders.xlsx?country=Spain")
    sheet = openpyxl.load_workbook(io.BytesIO(body(response))).active
    assert sheet is not None
    headers, *rows = sheet.iter_rows(values_only=True)
    assert [row[headers.index("Country")] for row in rows] == ["Spain", "Spain"]


@pytest.mark.parametrize("role", ["viewer", "operator", "catalogue_manager"])
def test_customers_leave_only_with_the_permission_for_personal_data(
    role: str, request: pytest.FixtureRequest, signed_in: Any
) -> None:
    make_customer()
    client = signed_in(request.getfixturevalue(role))
    assert client.get("/customers/customer/export/customers.csv").status_code == 403
    assert client.get("/orders/order/export/orders.csv").status_code == 403
    assert "customers.csv" not in client.get("/customers/customer/").content.decode()


def test_a_manager_is_offered_files_and_the_way_to_import(signed_in: Any, manager: Any) -> None:
    make_customer()
    page = signed_in(manager).get("/customers/customer/?q=A").content.decode()
    assert "/customers/customer/export/customers.xlsx?q=A" in page
    assert "/spreadsheets/importjob/add/?kind=customers" in page


def test_a_filter_that_is_not_there_exports_nothing(signed_in: Any, viewer: Any) -> None:
    make_product()
    response = signed_in(viewer).get("/catalog/product/export/products.csv?colour=red", follow=True)
    assert "Nothing was exported" in response.content.decode()


def test_more_rows_than_a_workbook_should_hold_are_refused(
    signed_in: Any, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "WORKBOOK_ROWS", 1)
    client = signed_in(viewer)
    make_product()
    assert body(client.get("/catalog/product/export/products.xlsx"))
    make_product()
    page = client.get("/catalog/product/export/products.xlsx", follow=True).content.decode()
    assert "holds up to 1 row." in page


@pytest.mark.parametrize("file", ["products.pdf", "orders.csv", "secrets.csv"])
def test_a_file_that_there_is_not_is_not_found(file: str, signed_in: Any, administrator: Any) -> None:
    assert signed_in(administrator).get(f"/catalog/product/export/{file}").status_code == 404
