"""Lists: pages by key, counts, tabs, filters, chips, opened rows, and what they cost."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.desk.queues import capped_count
from catalog.models import Product
from tests.factories import make_draft, make_historical, make_placed, make_product

pytestmark = pytest.mark.django_db
ORDERS = "/orders/order/"
PRODUCTS = "/catalog/product/"


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.admin.OrderAdmin.list_per_page", 2)


def past(**fields: Any) -> Any:
    return make_historical(**{"placed_at": datetime(2026, 11, 1, tzinfo=UTC)} | fields)


def shown(response: Any) -> list[str]:
    return [str(row) for row in response.context["cl"].result_list]


def queries_of(client: Any, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def walk(client: Any, url: str) -> list[list[str]]:
    pages = []
    while url:
        response = client.get(url)
        pages.append(shown(response))
        cl = response.context["cl"]
        url = f"{ORDERS}{cl.next_url}" if cl.next_url else ""
    return pages


def test_next_pages_show_every_row_once(desk: Any, small_pages: None) -> None:
    numbers = [past().number for _ in range(5)]
    assert walk(desk, ORDERS) == [[numbers[4], numbers[3]], [numbers[2], numbers[1]], [numbers[0]]]


@pytest.mark.parametrize("order", ["2", "-2", "6", "-6"])
def test_every_sort_walks_through_equal_and_empty_values(desk: Any, small_pages: None, order: str) -> None:
    for day in (1, 1, 2):
        past(placed_at=datetime(2026, 11, day, tzinfo=UTC))
    for _ in range(2):
        make_draft()
    walked = [number for page in walk(desk, f"{ORDERS}?o={order}") for number in page]
    assert len(walked) == len(set(walked)) == 5


def test_previous_page_leads_back(desk: Any, small_pages: None) -> None:
    for _ in range(5):
        past()
    first, second, _third = walk(desk, ORDERS)
    page = desk.get(f"{ORDERS}{desk.get(f'{ORDERS}?last=1').context['cl'].previous_url}")
    assert shown(page)[-1] == second[0] or shown(page) == [first[1], second[0]]


def test_last_page_shows_the_oldest_rows(desk: Any, small_pages: None) -> None:
    numbers = [past().number for _ in range(3)]
    response = desk.get(f"{ORDERS}?last=1")
    assert shown(response) == [numbers[1], numbers[0]]
    assert response.context["cl"].span == "2–3"


def test_a_place_that_is_none_leads_to_the_plain_list(desk: Any) -> None:
    assert desk.get(f"{ORDERS}?after=nonsense").headers["Location"] == f"{ORDERS}?e=1"


def test_columns_without_an_index_do_not_sort(desk: Any) -> None:
    assert desk.get(f"{ORDERS}?o=4").context["cl"].sort.path == "pk"


def test_counts_are_exact_up_to_a_limit(desk: Any, small_pages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        past()
    assert str(desk.get(ORDERS).context["cl"].count) == "4"
    monkeypatch.setattr(capped_count, "__defaults__", (3,))
    assert str(desk.get(ORDERS).context["cl"].count) == "3+"


def test_the_last_day_of_a_range_is_included(desk: Any) -> None:
    late = past(placed_at=datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    past(placed_at=datetime(2026, 11, 21, 0, 0, tzinfo=UTC))
    response = desk.get(f"{ORDERS}?placed_at_from=2026-11-20&placed_at_to=2026-11-20")
    assert shown(response) == [late.number]


def test_a_day_that_is_none_is_refused(desk: Any) -> None:
    assert desk.get(f"{ORDERS}?placed_at_from=tomorrow").headers["Location"] == f"{ORDERS}?e=1"


def test_values_filter_lists_what_there_is(desk: Any) -> None:
    past(country="Norway")
    spain = past(country="Spain")
    response = desk.get(f"{ORDERS}?country=Spain")
    assert shown(response) == [spain.number]
    assert b'<option value="Norway">' in response.content


def test_filters_in_use_are_chips_that_can_be_removed(desk: Any) -> None:
    past(country="Spain")
    page = desk.get(f"{ORDERS}?country=Spain&status__exact=completed").content.decode()
    assert 'href="?status__exact=completed"' in page
    assert "Status: <strong>Completed</strong>" in page


def test_a_queue_shows_its_rows_and_counts_them(desk: Any) -> None:
    waiting = make_placed()
    past()
    response = desk.get(f"{ORDERS}?queue=to_ship")
    assert shown(response) == [waiting.number]
    counts = {queue.slug: count.number for queue, count in response.context["queue_tabs"] if count}
    assert counts["to_ship"] == 1


def test_an_unknown_queue_leads_to_the_plain_list(desk: Any) -> None:
    assert desk.get(f"{ORDERS}?queue=nonsense").headers["Location"] == f"{ORDERS}?e=1"


def test_an_empty_list_says_what_belongs_here(desk: Any) -> None:
    page = desk.get(ORDERS).content.decode()
    assert "Write the first order" in page
    assert 'href="/orders/order/add/' in page


def test_an_opened_row_shows_its_lines(desk: Any) -> None:
    order = make_placed()
    page = desk.get(f"{ORDERS}{order.pk}/sections/")
    assert order.lines.get().sku in page.content.decode()


@pytest.mark.parametrize("url", [ORDERS, f"{ORDERS}?queue=to_ship", f"{ORDERS}?country=Spain", f"{ORDERS}?o=-2"])
def test_order_list_costs_the_same_at_any_length(desk: Any, url: str) -> None:
    for _ in range(3):
        past(country="Spain")
    few = queries_of(desk, url)
    for _ in range(27):
        past(country="Spain")
    assert queries_of(desk, url) <= few <= 9


def test_no_list_of_the_desk_asks_for_more_than_eight(administrator: Any, signed_in: Any) -> None:
    client = signed_in(administrator)
    for _ in range(3):
        make_placed()
    client.get("/")
    urls = [ORDERS, PRODUCTS, "/customers/customer/", "/catalog/stockmovement/", "/changes/changeset/"]
    urls += ["/accounts/user/", "/orders/payment/", "/orders/shipment/", "/orders/return/", "/catalog/category/"]
    assert {url: queries_of(client, url) for url in urls if queries_of(client, url) > 8} == {}


def test_related_rows_complete_without_counting_the_table(desk: Any) -> None:
    for _ in range(3):
        make_product(name="Bowl")
    asked = {"app_label": "orders", "model_name": "orderline", "field_name": "product", "term": "bo"}
    results = desk.get("/autocomplete/", asked).json()["results"]
    assert len(results) == Product.objects.count() == 3


@pytest.mark.parametrize(
    "query",
    ["placed_at_from=soon", "queue=nowhere", "after=x", "status__exact=%00", "q=a%00", "tags=x", "hold_reason=x"],
)
def test_an_address_that_means_nothing_is_told_and_shows_all_rows(desk: Any, query: str) -> None:
    make_placed()
    response = desk.get(f"{ORDERS}?{query}", follow=True)
    assert len(shown(response)) == 1
    assert "These are all rows" in response.content.decode()


def test_a_list_that_has_no_search_shows_all_rows(desk: Any) -> None:
    assert desk.get("/reports/reportrun/?q=anything").status_code == 200


@pytest.mark.parametrize(
    ("url", "words"),
    [(PRODUCTS, "SKU, barcode, name"), (ORDERS, "Number, e-mail, name, tracking")],
)
def test_an_empty_search_field_says_what_it_reads(desk: Any, url: str, words: str) -> None:
    assert f'placeholder="{words}"' in desk.get(url).content.decode()


@pytest.mark.parametrize(
    ("url", "title"),
    [("/auth/group/", "Roles"), ("/axes/accessattempt/", "Failed sign-ins"), (ORDERS, "Orders")],
)
def test_a_list_has_the_name_that_staff_know(administrator: Any, signed_in: Any, url: str, title: str) -> None:
    page = signed_in(administrator).get(url)
    assert page.context["cl"].title == title
    heading = page.content.decode().split("<h1", 1)[1].split("</h1>", 1)[0]
    assert re.findall(r"desk-crumb\">([^<]+)<", heading) == [title]
