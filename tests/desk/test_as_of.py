"""Lists and rows as they were at a moment: read-only, exportable, the same cost at any length."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from backoffice.desk.admin import past
from backoffice.desk.as_of import Asked, versions_at
from backoffice.jobs.clock import database_now
from catalog.models import Category, Product
from catalog.services import receive_stock
from orders.models import Order
from orders.services import LineDraft, set_order_lines
from tests.factories import make_customer, make_draft, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def address(at: datetime, **options: Any) -> dict[str, str]:
    return {"at": timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S.%f")} | options


def moment() -> datetime:
    """Return an instant between what was written before and what is written after."""
    return database_now()


def words_of(page: Any) -> list[list[str]]:
    return [[word for word, _figure in cells] for _url, cells in page.context["rows"]]


def heads_of(table: Any) -> list[str]:
    return [head for head, _figure in table["heads"]]


def test_a_list_shows_the_rows_and_values_of_then(desk: Any) -> None:
    product = make_product(sku="A-1", name="Tea", on_hand=5)
    then = moment()
    receive_stock(product=product, quantity=7)
    Product.objects.filter(pk=product.pk).update(name="Green tea")
    make_product(sku="B-2")
    page = desk.get("/catalog/product/as-of/", address(then))
    (row,) = words_of(page)
    told = dict(zip(heads_of(page.context), row, strict=True))
    assert (told["SKU"], told["Name"], told["On hand"], told["Available"]) == ("A-1", "Tea", "5", "5")


def test_what_a_stock_list_is_about_comes_first(desk: Any) -> None:
    make_product()
    heads = desk.get("/catalog/product/as-of/", address(moment())).context["heads"]
    assert heads[:2] == [("SKU", False), ("Name", False)]
    assert heads[4:7] == [("On hand", True), ("Reserved", True), ("Available", True)]


def test_what_was_deleted_since_is_there_and_what_was_deleted_before_is_not(desk: Any) -> None:
    gone = Category.objects.create(name="Gone")
    gone.delete()
    kept = Category.objects.create(name="Kept")
    then = moment()
    kept.delete()
    assert [row[0] for row in words_of(desk.get("/catalog/category/as-of/", address(then)))] == ["Kept"]


def test_of_two_versions_at_one_time_the_later_counts(desk: Any) -> None:
    category = Category.objects.create(name="First")
    Category.objects.filter(pk=category.pk).update(name="Second")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE catalog_historicalcategory SET history_date = now() - interval '1 hour'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    then = timezone.now() - timedelta(minutes=30)
    assert [row[0] for row in words_of(desk.get("/catalog/category/as-of/", address(then)))] == ["Second"]


def test_a_list_is_paged_without_gap_or_repetition(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "PAGE_SIZE", 3)
    for number in range(8):
        Category.objects.create(name=f"c{number}")
    then, names, url = moment(), [], ""
    page = desk.get("/catalog/category/as-of/", address(then))
    while True:
        names += [row[0] for row in words_of(page)]
        url = page.context["next_url"]
        if not url:
            break
        page = desk.get(f"/catalog/category/as-of/{url}")
    assert names == [f"c{number}" for number in range(7, -1, -1)]


def test_filters_and_search_ask_about_then(desk: Any) -> None:
    for sku, status in (("A-1", "active"), ("A-2", "draft"), ("B-1", "active")):
        make_product(sku=sku, status=status)
    then = moment()
    Product.objects.update(status="archived")
    found = words_of(desk.get("/catalog/product/as-of/", address(then, status="active", q="a-")))
    assert [row[0] for row in found] == ["A-1"]


def test_a_list_is_narrowed_to_a_related_row_and_to_yes_or_no(desk: Any) -> None:
    tea, cocoa = (Category.objects.create(name=name) for name in ("Tea", "Cocoa"))
    for sku, category, backorder in (("A-1", tea, True), ("A-2", tea, False), ("B-1", cocoa, True)):
        make_product(sku=sku, category=category, allow_backorder=backorder)
    then = moment()
    Product.objects.update(category=cocoa, allow_backorder=False)
    page = desk.get("/catalog/product/as-of/", address(then, category=str(tea.pk), allow_backorder="1"))
    assert [row[0] for row in words_of(page)] == ["A-1"]
    assert f'<option value="{tea.pk}" selected>Tea</option>' in page.content.decode()


def test_the_way_to_the_past_keeps_what_the_list_is_narrowed_to(desk: Any) -> None:
    tea = Category.objects.create(name="Tea")
    make_product(sku="A-1", status="active", category=tea)
    page = desk.get("/catalog/product/", {"q": "A-", "status__exact": "active", "category__id__exact": tea.pk})
    assert f"/catalog/product/as-of/?q=A-&amp;status=active&amp;category={tea.pk}" in page.content.decode()


def test_a_page_costs_the_same_for_few_rows_and_many(desk: Any) -> None:
    counts = []
    for number in range(2):
        for _time in range(10):
            category = Category.objects.create(name=f"C{number}-{_time}")
            make_product(category=category)
        with CaptureQueriesContext(connection) as captured:
            desk.get("/catalog/product/as-of/", address(moment()))
        counts.append(len(captured))
    assert counts[1] <= counts[0]


def test_a_page_reads_the_index_and_not_the_table() -> None:
    """The plan walks the versions of the newest rows, and stops at the page's end."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    with CaptureQueriesContext(connection) as captured:
        versions_at(Product, timezone.now(), Asked(), size=10)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + captured[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan Backward using catalog_product_version" in plan
    assert "Sort" not in plan


def test_the_list_has_a_banner_and_nothing_to_write_with(desk: Any) -> None:
    make_product()
    page = desk.get("/catalog/product/as-of/", address(moment())).content.decode()
    assert "As it was on" in page
    assert 'method="post"' not in page.split('id="main"')[-1].split("desk-as-of")[1]
    assert desk.post("/catalog/product/as-of/", address(moment())).status_code == 405


def test_what_is_still_to_come_is_refused(desk: Any) -> None:
    page = desk.get("/catalog/product/as-of/", address(timezone.now() + timedelta(days=1)))
    assert "That is still to come" in page.content.decode()
    assert "rows" not in page.context


def test_a_moment_that_is_none_is_asked_for_again(desk: Any) -> None:
    assert desk.get("/catalog/product/as-of/", {"at": "yesterday"}).context["form"].errors


def test_without_a_moment_it_is_the_last_midnight(desk: Any) -> None:
    page = desk.get("/catalog/product/as-of/")
    assert page.context["moment"].endswith("T00:00:00")


def test_where_versions_may_be_pruned_the_banner_says_so(desk: Any, settings: Any) -> None:
    settings.HISTORY_KEEP_DAYS = {"catalog.product": 30}
    old, young = timezone.now() - timedelta(days=31), timezone.now() - timedelta(days=29)
    assert "something may be missing" in desk.get("/catalog/product/as-of/", address(old)).content.decode()
    assert "something may be missing" not in desk.get("/catalog/product/as-of/", address(young)).content.decode()


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_list_of_then_is_exported(desk: Any, suffix: str) -> None:
    make_product(sku="=1+1", name="Tea", on_hand=5, price=Decimal("2.5500"))
    then = moment()
    Product.objects.update(name="Green tea")
    answer = desk.get("/catalog/product/as-of/", address(then, format=suffix))
    assert f".{suffix}" in answer.headers["Content-Disposition"]
    content = b"".join(answer.streaming_content)
    if suffix == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert (rows[0]["Name"], rows[0]["On hand"], rows[0]["Price"]) == ("Tea", "5", "2.5500")
        assert not rows[0]["Sku"].startswith("=")
        return
    workbook = load_workbook(io.BytesIO(content))
    heads = [cell.value for cell in workbook.worksheets[0][1]]
    values = [cell.value for cell in workbook.worksheets[0][2]]
    told = dict(zip(heads, values, strict=True))
    assert (told["Name"], told["On hand"], told["Price"]) == ("Tea", 5, 2.55)
    assert "As of" in [cell.value for cell in workbook["About"]["A"]]


def test_whoever_may_not_export_gets_no_file(operator: Any, viewer: Any, signed_in: Any) -> None:
    make_customer()
    client = signed_in(viewer)
    then = address(moment())
    assert client.get("/customers/customer/as-of/", then).context["exports"] == []
    assert client.get("/customers/customer/as-of/", then | {"format": "csv"}).status_code == 403


def test_whoever_may_not_see_the_list_does_not_see_it_as_it_was(operator: Any, signed_in: Any) -> None:
    product = make_product()
    operator.groups.clear()
    client = signed_in(operator)
    assert client.get("/catalog/product/as-of/", address(moment())).status_code == 403
    assert client.get(f"/catalog/product/{product.pk}/as-of/", address(moment())).status_code == 403


def test_secrets_are_not_told(administrator: Any, signed_in: Any) -> None:
    page = signed_in(administrator).get("/accounts/user/as-of/", address(moment()))
    assert page.status_code == 200
    assert "Password" not in heads_of(page.context)


def test_a_row_shows_what_it_was_with_what_stood_under_it(desk: Any, manager: Any) -> None:
    tea, coffee = make_product(sku="TEA", on_hand=9), make_product(sku="COFFEE", on_hand=9)
    order = make_draft(LineDraft(tea, 2), email="old@example.com")
    then = moment()
    Order.objects.filter(pk=order.pk).update(email="new@example.com")
    set_order_lines(order=order, lines=[LineDraft(coffee, 1)], actor=manager)
    page = desk.get(f"/orders/order/{order.pk}/as-of/", address(then))
    assert ("E-mail", "old@example.com") in page.context["values"]
    (table,) = page.context["children"]
    assert [cells[heads_of(table).index("SKU")][0] for cells in table["rows"]] == ["TEA"]
    assert "As it was on" in page.content.decode()


def test_a_row_that_was_not_there_says_so(desk: Any) -> None:
    then = moment()
    product = make_product()
    assert "It was not there" in desk.get(f"/catalog/product/{product.pk}/as-of/", address(then)).content.decode()
    assert desk.get("/catalog/product/abc/as-of/", address(then)).status_code == 404


def test_lists_and_rows_lead_to_their_past(desk: Any) -> None:
    product = make_product()
    assert "/catalog/product/as-of/" in desk.get("/catalog/product/").content.decode()
    assert (
        f"/catalog/product/{product.pk}/as-of/" in desk.get(f"/catalog/product/{product.pk}/change/").content.decode()
    )


@pytest.mark.parametrize(
    "name", ["catalog/category", "customers/customer", "orders/order", "orders/payment", "catalog/stockmovement"]
)
def test_every_list_has_a_past(desk: Any, name: str) -> None:
    make_draft()
    page = desk.get(f"/{name}/as-of/", address(moment()))
    assert page.status_code == 200
