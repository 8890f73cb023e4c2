"""How a file writes numbers and dates: found where it is certain, refused where it is not, and as told."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backoffice.spreadsheets.notation import AS_DECLARED, Notation, detected_notation
from backoffice.spreadsheets.values import BadValue, DateValue, DecimalValue, IntegerValue, TextValue
from catalog.models import Product
from orders.models import Order
from tests.spreadsheets.importing import run_import, write_table

PRICE = DecimalValue(digits=14, places=4)


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["12", "1,5"], ","),
        (["1.234,50"], ","),
        (["1.5"], "."),
        (["1,234.50"], "."),
        (["0,500"], ","),
        (["1,234"], None),
        (["1.234"], None),
        (["1,5", "1.5"], None),
        (["see 1,5"], None),
        ([12.5, None, ""], None),
    ],
)
def test_a_decimal_sign_is_found_where_all_numbers_agree_on_it(cells: list[object], decimal: str | None) -> None:
    assert detected_notation([cells]).decimal == decimal  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["03/04/2026", "25/12/2025"], "dmy"),
        (["03/04/2026", "12/25/2025 10:30"], "mdy"),
        (["25.12.2025", "12/25/2025"], None),
        (["03/04/2026"], None),
        (["2026-12-25"], None),
        (["32/13/2025"], None),
    ],
)
def test_an_order_of_dates_is_found_where_one_date_settles_it_and_none_disagrees(
    cells: list[str], order: str | None
) -> None:
    assert detected_notation([[cell] for cell in cells]).date_order == order


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,5", "1.5"), ("1.234,56", "1234.56"), ("-,5", "-0.5"), ("12", "12"), ("1.234.567,8", "1234567.8")],
)
def test_a_decimal_comma_is_read_with_points_between_thousands(text: str, number: str) -> None:
    assert Notation(decimal=",").read_by(PRICE)(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1.5", "1.234", "1,2,3", "12.34,5", ",", "1e5", "one"])
def test_what_has_another_reading_is_refused_where_decimals_stand_behind_a_comma(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        Notation(decimal=",").read_by(PRICE)(text)
    assert refused.value.rule == "decimal"


def test_numbers_of_a_workbook_are_what_they_are_whatever_the_sign() -> None:
    assert Notation(decimal=",").read_by(PRICE)(2.5) == Decimal("2.5")


def test_whole_numbers_and_dates_follow_and_texts_do_not() -> None:
    notation = Notation(decimal=",", date_order="mdy")
    assert notation.read_by(IntegerValue())("12,0") == 12
    assert notation.read_by(DateValue())("03/04/2026") == date(2026, 3, 4)
    assert notation.read_by(TextValue())("1,5") == "1,5"
    assert AS_DECLARED.read_by(PRICE) is PRICE


@pytest.mark.django_db
def test_a_file_with_decimal_commas_is_read_as_it_is_meant(tmp_path: Path) -> None:
    path = write_table(tmp_path / "p.csv", ["sku", "price", "name"], [["A", "1.234,50", "Tea"], ["B", "2,5", "Rum"]])
    answer = run_import("products", path, "--apply")
    assert answer["create"] == 2
    assert dict(Product.objects.values_list("sku", "price")) == {"A": Decimal("1234.5"), "B": Decimal("2.5")}


@pytest.mark.django_db
def test_who_says_how_decimals_are_written_wins_over_what_was_found(tmp_path: Path) -> None:
    path = write_table(tmp_path / "p.csv", ["sku", "price"], [["A", "1,5"]])
    answer = run_import("products", path, "--decimal", ".")
    assert [problem["rule"] for problem in answer["problems"]] == ["decimal"]
    path = write_table(tmp_path / "q.csv", ["sku", "price"], [["A", "1,234"]])
    assert run_import("products", path)["refused"] == 1
    run_import("products", path, "--decimal", ",", "--apply")
    assert Product.objects.get().price == Decimal("1.234")


@pytest.mark.django_db
def test_dates_with_two_readings_are_refused_until_one_is_said(tmp_path: Path) -> None:
    header = ["order", "placed at", "sku", "quantity", "unit price"]
    path = write_table(tmp_path / "o.csv", header, [["N-1", "03/04/2026", "A", 1, "2.50"]])
    refused = run_import("orders", path)
    assert [problem["rule"] for problem in refused["problems"]] == ["date_ambiguous"]
    run_import("orders", path, "--date-order", "dmy", "--apply")
    assert Order.objects.get().placed_at.date() == date(2026, 4, 3)  # type: ignore[union-attr]


@pytest.mark.django_db
def test_prices_behind_semicolons_that_read_two_ways_are_refused_until_one_is_said(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("sku;price\nA;1.234\n", encoding="utf-8")
    refused = run_import("products", path)
    assert [problem["rule"] for problem in refused["problems"]] == ["decimal_ambiguous"]
    assert "Write 1234, or say" in refused["problems"][0]["message"]
    run_import("products", path, "--decimal", ".", "--apply")
    assert Product.objects.get().price == Decimal("1.2340")


@pytest.mark.django_db
def test_rows_may_only_create_or_only_change_and_blanks_may_keep(tmp_path: Path) -> None:
    first = write_table(tmp_path / "a.csv", ["sku", "name", "barcode"], [["A", "Tea", "123"]])
    run_import("products", first, "--apply")
    both = write_table(tmp_path / "b.csv", ["sku", "name", "barcode"], [["A", "Rum", ""], ["B", "Gin", ""]])
    created = run_import("products", both, "--mode", "create")
    assert (created["create"], [problem["rule"] for problem in created["problems"]]) == (1, ["known"])
    changed = run_import("products", both, "--mode", "update")
    assert (changed["update"], [problem["rule"] for problem in changed["problems"]]) == (1, ["unknown"])
    run_import("products", both, "--blanks", "keep", "--apply")
    assert dict(Product.objects.values_list("sku", "barcode")) == {"A": "123", "B": ""}
    assert Product.objects.get(sku="A").name == "Rum"


@pytest.mark.django_db
def test_where_rows_leave_no_choice_one_is_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path / "s.csv", ["sku", "counted"], [["A", 1]])
    answer = run_import("stock-count", path, "--mode", "update")
    assert (answer["status"], "leave no choice" in answer["stderr"]) == (2, True)


@pytest.mark.django_db
def test_the_command_tells_how_the_file_was_read(tmp_path: Path, catalogue_manager: Any) -> None:
    path = write_table(tmp_path / "p.csv", ["sku", "price"], [["A", "1,5"]])
    read = {
        "kind": "csv",
        "encoding": "utf-8",
        "delimiter": ",",
        "sheet": None,
        "header_row": 1,
        "decimal": ",",
        "date_order": None,
    }
    assert run_import("products", path)["read"] == read
    assert run_import("products", path, "--as", catalogue_manager.email)["read"] == read
