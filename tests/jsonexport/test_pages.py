"""What a page holds, how pages follow each other, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from model_bakery import baker

from backoffice.accounts.services import issue_token
from catalog.models import Product
from tests.factories import make_customer, make_product
from tests.jsonexport.conftest import Ask, ask_with

pytestmark = pytest.mark.django_db


def make_order(**fields: Any) -> Any:
    order = baker.make("orders.Order", **{"number": "A1", "currency": "GBP", "email": "ada@example.com"} | fields)
    for position, sku in enumerate(("tea", "cup")):
        baker.make("orders.OrderLine", order=order, sku=sku, position=position, quantity=2, unit_price="1.50")
    return order


def follow(response: Any, ask: Ask) -> Any:
    address = response.json()["next"]
    authorization = response.wsgi_request.headers["Authorization"]
    return Client().get(address.removeprefix("http://testserver"), headers={"Authorization": authorization})


def test_a_product_is_told_with_exact_amounts_and_times_in_utc(ask: Ask) -> None:
    product = make_product(sku="TEA-1", price="12.50", cost=None, on_hand=3, tags=["hot"])
    row = ask().json()["data"][0]
    assert (row["sku"], row["price"], row["cost"], row["available"], row["tags"]) == (
        "TEA-1",
        "12.5000",
        None,
        3,
        ["hot"],
    )
    assert row["updated_at"] == product.updated_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_an_order_holds_its_lines_in_their_order(ask: Ask) -> None:
    make_order(customer=make_customer(number="C7"))
    row = ask("orders").json()["data"][0]
    assert (row["number"], row["customer"]) == ("A1", "C7")
    assert [(line["sku"], line["unit_price"], line["total"]) for line in row["lines"]] == [
        ("tea", "1.5000", "3.0000"),
        ("cup", "1.5000", "3.0000"),
    ]


def test_an_order_without_lines_has_an_empty_list(ask: Ask) -> None:
    baker.make("orders.Order", number="A1")
    assert ask("orders").json()["data"][0]["lines"] == []


def test_orders_leave_out_personal_data_without_its_permission(operator: Any) -> None:
    make_order()
    _token, secret = issue_token(owner=operator, name="picker", scopes=["orders"])
    row = ask_with(secret)("orders").json()["data"][0]
    assert "email" not in row
    assert row["number"] == "A1"


def test_personal_data_asked_for_by_name_is_refused_in_a_sentence(operator: Any) -> None:
    _token, secret = issue_token(owner=operator, name="picker", scopes=["orders"])
    response = ask_with(secret)("orders", fields="number,email")
    assert response.status_code == 403
    assert "“email” is personal data" in response.json()["error"]


def test_fields_are_the_ones_asked_for(ask: Ask) -> None:
    make_product(sku="TEA-1")
    assert ask(fields="sku,status").json()["data"] == [{"sku": "TEA-1", "status": "active"}]


def test_pages_follow_each_other_to_the_end(ask: Ask) -> None:
    for number in range(5):
        make_product(sku=f"P{number}")
    page, seen = ask(limit=2), []
    while True:
        seen += [row["sku"] for row in page.json()["data"]]
        if page.json()["next"] is None:
            break
        page = follow(page, ask)
    assert seen == ["P0", "P1", "P2", "P3", "P4"]


def test_rows_written_by_one_statement_are_paged_without_gap(ask: Ask) -> None:
    Product.objects.bulk_create([Product(sku=f"P{number}", price=1) for number in range(4)])
    first = ask(limit=3)
    assert [row["sku"] for row in follow(first, ask).json()["data"]] == ["P3"]


def test_a_row_that_changes_during_paging_is_seen_again(ask: Ask) -> None:
    for number in range(4):
        make_product(sku=f"P{number}")
    first = ask(limit=2)
    Product.objects.filter(sku="P0").update(name="changed meanwhile")
    assert [row["sku"] for row in follow(first, ask).json()["data"]] == ["P2", "P3"]
    assert [row["sku"] for row in ask(updated_since=first.json()["as_of"]).json()["data"]][-1] == "P0"


def test_all_pages_of_a_run_tell_the_as_of_of_the_first(ask: Ask) -> None:
    make_product(), make_product()
    first = ask(limit=1)
    assert follow(first, ask).json()["as_of"] == first.json()["as_of"]


def test_only_what_changed_since_is_told(ask: Ask) -> None:
    make_product(sku="old")
    new = make_product(sku="new")
    rows = ask(updated_since=new.updated_at.isoformat()).json()["data"]
    assert [row["sku"] for row in rows] == ["new"]
    assert ask(updated_since=(new.updated_at + timedelta(seconds=1)).isoformat()).json()["data"] == []


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"page": 2}, "Unknown parameter “page”. Allowed: limit, cursor, updated_since, fields."),
        ({"fields": "sku,colour"}, "Unknown field “colour”. Allowed: id, sku, name"),
        ({"fields": ""}, "Unknown field “”."),
        ({"limit": 0}, "from 1 to 1000"),
        ({"limit": 1001}, "from 1 to 1000"),
        ({"limit": "ten"}, "from 1 to 1000"),
        ({"limit": [1, 2]}, "Give the parameter “limit” once."),
        ({"updated_since": "yesterday"}, "such as 2026-03-01T06:00:00Z"),
        ({"updated_since": "2026-03-01T06:00:00"}, "a time with its zone"),
        ({"cursor": "abc"}, "Follow the address in “next”."),
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused_in_a_sentence(ask: Ask, parameters: Any, sentence: str) -> None:
    response = ask(**parameters)
    assert response.status_code == 400
    assert sentence in response.json()["error"]


def test_a_cursor_of_another_collection_is_refused(ask: Ask) -> None:
    make_product(), make_product()
    cursor = ask(limit=1).json()["next"].partition("cursor=")[2]
    assert ask("orders", cursor=cursor).status_code == 400


def test_head_answers_without_a_body(ask: Ask) -> None:
    ask()
    secret = ask().wsgi_request.headers["Authorization"]
    response = Client().head("/export/v1/products.json", headers={"Authorization": secret})
    assert (response.status_code, response.content) == (200, b"")


def test_three_orders_and_three_hundred_take_the_same_few_queries(ask: Ask) -> None:
    counts = []
    for number in (3, 300):
        baker.make("orders.Order", _quantity=number, number=iter(f"N{number}-{n}" for n in range(number)))
        ask("orders")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(ask("orders", limit=1000).json()["data"]) >= number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
