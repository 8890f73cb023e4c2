"""Spreadsheets of products and stock counts."""

from pathlib import Path

import pytest

from catalog.models import Category, Product, StockMovement
from tests.factories import make_placed, make_product
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db


def rules(answer: dict[str, object]) -> list[str]:
    return [found["rule"] for found in answer["problems"]]  # type: ignore[attr-defined,index]


def test_a_product_is_found_whatever_the_case_of_its_sku(tmp_path: Path) -> None:
    make_product(sku="85123A", name="Lamp")
    run_import("products", write_csv(tmp_path / "p.csv", "sku,name", "85123a,Lantern"), "--apply")
    product = Product.objects.get()
    assert (product.sku, product.name) == ("85123A", "Lantern")


def test_a_new_product_gets_the_usual_values(tmp_path: Path) -> None:
    run_import("products", write_csv(tmp_path / "p.csv", "sku,price", "A1,"), "--apply")
    product = Product.objects.get()
    assert (product.status, product.price, product.tax_rate, product.on_hand, product.tags) == ("draft", 0, 0, 0, [])


def test_a_category_is_found_by_name_or_path(tmp_path: Path) -> None:
    drinks = Category.objects.create(name="Drinks")
    tea = Category.objects.create(name="Tea", parent=drinks)
    path = write_csv(tmp_path / "p.csv", "sku,category", "A1,drinks", "B2,Drinks > Tea", "C3,")
    run_import("products", path, "--apply")
    found = dict(Product.objects.values_list("sku", "category"))
    assert found == {"A1": drinks.pk, "B2": tea.pk, "C3": None}


def test_an_unknown_category_is_refused(tmp_path: Path) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,category", "A1,Toys"))
    assert rules(answer) == ["unknown"]
    assert answer["problems"][0]["message"].startswith("There is no category “Toys”.")


def test_a_category_name_that_fits_several_is_refused_unless_it_is_the_one_now(tmp_path: Path) -> None:
    new = [Category.objects.create(name="New", parent=Category.objects.create(name=name)) for name in ("Tea", "Coffee")]
    make_product(sku="A1", category=new[1])
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,category", "A1,New", "B2,New"))
    assert (counts(answer), rules(answer)) == ((0, 0, 1, 1), ["ambiguous"])


def test_an_archived_sku_may_be_used_again(tmp_path: Path) -> None:
    make_product(sku="A1", status="archived")
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,name", "A1,New one"), "--apply")
    assert counts(answer) == (1, 0, 0, 0)


def test_an_archived_product_that_is_said_to_be_archived_stays_one(tmp_path: Path) -> None:
    make_product(sku="A1", status="archived")
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,status", "A1,archived"))
    assert counts(answer) == (0, 0, 1, 0)


def test_what_orders_reserve_is_not_archived(tmp_path: Path) -> None:
    product = make_placed().lines.get().product
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,status", f"{product.sku},archived"))
    assert rules(answer) == ["reserved"]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ("-1,0,0", "too_small"),
        ("1.00005,0,0", "decimal_places"),
        ("1e3,0,0", "decimal"),
        ("1,101,0", "too_large"),
        ("1,0,1.5", "integer"),
    ],
)
def test_bad_values_are_refused(tmp_path: Path, cells: str, rule: str) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,price,tax rate,reorder level", f"A1,{cells}"))
    assert rules(answer) == [rule]


def test_a_count_writes_the_difference_to_the_ledger(tmp_path: Path) -> None:
    product = make_product(sku="A1", on_hand=5)
    path = write_csv(tmp_path / "count.csv", "SKU,Counted", "a1,3")
    answer = run_import("stock-count", path, "--apply")
    assert answer["tables"] == {
        "products": {"create": 0, "update": 1, "unchanged": 0},
        "stock movements": {"create": 1, "update": 0, "unchanged": 0},
    }
    movement = StockMovement.objects.latest("pk")
    product.refresh_from_db()
    assert (movement.delta, movement.reason, product.on_hand) == (-2, "count", 3)


def test_a_count_that_agrees_moves_nothing(tmp_path: Path) -> None:
    make_product(sku="A1", on_hand=5)
    answer = run_import("stock-count", write_csv(tmp_path / "count.csv", "sku,counted", "A1,5"), "--apply")
    assert (counts(answer), answer["change_set"]) == ((0, 0, 1, 0), None)


def test_a_count_below_what_is_reserved_is_refused(tmp_path: Path) -> None:
    product = make_placed().lines.get().product
    answer = run_import("stock-count", write_csv(tmp_path / "count.csv", "sku,counted", f"{product.sku},1"), "--apply")
    assert answer["problems"][0]["message"].startswith("1 is less than the 2 reserved by orders.")


def test_a_count_of_an_unknown_product_is_refused(tmp_path: Path) -> None:
    answer = run_import("stock-count", write_csv(tmp_path / "count.csv", "sku,counted", "A1,1"))
    assert rules(answer) == ["unknown"]
