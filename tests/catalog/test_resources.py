"""Spreadsheets of products and stock counts."""

from pathlib import Path

import pytest

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.registry import get_resource
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


def test_a_price_list_changes_prices_and_creates_nothing(tmp_path: Path) -> None:
    make_product(sku="A1", name="Tea", price=10)
    answer = run_import("prices", write_csv(tmp_path / "p.csv", "sku,name,price", "a1,Other,12", "NEW,Fig,1"))
    assert (counts(answer), rules(answer)) == ((0, 1, 0, 1), ["unknown"])
    run_import("prices", write_csv(tmp_path / "p.csv", "sku,name,price", "a1,Other,12"), "--apply")
    assert list(Product.objects.values_list("name", "price")) == [("Tea", 12)]


def test_tags_are_set_by_sku(tmp_path: Path) -> None:
    make_product(sku="A1", tags=["old"])
    run_import("product-tags", write_csv(tmp_path / "t.csv", "sku,tags", 'A1,"new, gift"'), "--apply")
    assert Product.objects.get().tags == ["new", "gift"]


def test_categories_are_found_by_name_and_place(tmp_path: Path) -> None:
    tea = Category.objects.create(name="Tea", parent=Category.objects.create(name="Drinks"), position=1)
    path = write_csv(
        tmp_path / "c.csv", "name,within,position", "tea,Drinks,4", "Green,Drinks > Tea,", "Tea,,", "Cups,Rugs,"
    )
    answer = run_import("categories", path, "--apply", "--only-valid")
    assert (counts(answer), rules(answer)) == ((2, 1, 0, 1), ["unknown"])
    found = Category.objects.order_by("pk").values_list("name", "parent__name", "position")
    assert list(found) == [("Drinks", None, 0), ("Tea", "Drinks", 4), ("Green", "Tea", 0), ("Tea", None, 0)]
    assert Category.objects.get(name="Green").parent == tea


def test_a_delivery_is_received_once(tmp_path: Path) -> None:
    make_product(sku="A1", on_hand=3)
    make_product(sku="B2")
    path = write_csv(tmp_path / "r.csv", "sku,quantity,delivery note", "a1,5,D-17", "B2,2,D-17", "A1,1,D-18")
    assert counts(run_import("stock-receipt", path, "--apply")) == (3, 0, 0, 0)
    assert counts(run_import("stock-receipt", path, "--apply")) == (0, 0, 3, 0)
    assert list(Product.objects.order_by("sku").values_list("on_hand", flat=True)) == [9, 2]
    assert StockMovement.objects.filter(reason="receipt", reference="D-17").count() == 2


@pytest.mark.parametrize(
    ("rows", "rule"),
    [(["NEW,1,D-1"], "unknown"), (["A1,0,D-1"], "too_small"), (["A1,1,D-1", "a1,2,D-1"], "repeated")],
)
def test_a_delivery_that_cannot_be_is_refused(tmp_path: Path, rows: list[str], rule: str) -> None:
    make_product(sku="A1")
    answer = run_import("stock-receipt", write_csv(tmp_path / "r.csv", "sku,quantity,delivery note", *rows))
    assert set(rules(answer)) == {rule}


@pytest.mark.parametrize("resource", ["prices", "product-tags", "categories", "stock-receipt"])
def test_an_export_imported_again_changes_nothing(tmp_path: Path, resource: str) -> None:
    tea = Category.objects.create(name="Tea", parent=Category.objects.create(name="Drinks"))
    product = make_product(sku="A1", category=tea, tags=["new"], price=3)
    StockMovement.objects.create(product=product, delta=4, reason="receipt", reference="D-1")
    rows = export_sheet(get_resource(resource), tmp_path / "x.xlsx")
    answer = run_import(resource, tmp_path / "x.xlsx", "--apply")
    assert rows
    assert counts(answer) == (0, 0, rows, 0), answer["problems"]
