"""The way of every import: check, preview, apply. Shown on products, the plainest kind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from tests.factories import make_product
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db


def sequences() -> dict[str, int | None]:
    """Return how far each sequence is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences")
        return dict(cursor.fetchall())


def staging_tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'spreadsheets_staging'")
        return int(cursor.fetchone()[0])


def test_without_apply_nothing_is_written(tmp_path: Path) -> None:
    make_product(sku="A1")
    before, sets = sequences(), ChangeSet.objects.count()
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,name", "A1,Apple", "B2,Pear"))
    assert counts(answer) == (1, 1, 0, 0)
    assert (sequences(), ChangeSet.objects.count(), staging_tables()) == (before, sets, 0)
    assert Product.objects.count() == 1


def test_applying_creates_updates_and_leaves(tmp_path: Path) -> None:
    make_product(sku="A1", name="Apple")
    make_product(sku="B2", name="Bear")
    answer = run_import(
        "products", write_csv(tmp_path / "p.csv", "sku,name", "A1,Apple", "B2,Pear", "C3,Fig"), "--apply"
    )
    assert counts(answer) == (1, 1, 1, 0)
    assert answer["tables"] == {"products": {"create": 1, "update": 1, "unchanged": 1}}
    assert list(Product.objects.order_by("sku").values_list("name", flat=True)) == ["Apple", "Pear", "Fig"]


@pytest.mark.parametrize("known", [0, 1])
def test_the_planner_knows_of_many_new_rows_at_once(known: int, tmp_path: Path) -> None:
    others = [make_product(sku="B2", name="Bear") for _ in range(known)]
    path = write_csv(
        tmp_path / "p.csv", "sku,name", *("B2,Pear" for _ in others), *(f"A{n},Apple" for n in range(1000))
    )
    assert counts(run_import("products", path, "--apply")) == (1000, known, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'catalog_product'::regclass")
        assert cursor.fetchone() == (1000.0 + known,)


def test_where_rows_are_only_new_no_update_is_tried(tmp_path: Path) -> None:
    """On a table that was empty when its statistics were taken, it would join each new row with all others."""
    with CaptureQueriesContext(connection) as asked:
        run_import("products", write_csv(tmp_path / "p.csv", "sku,name", "A1,Apple"), "--apply")
    assert not [each["sql"] for each in asked if each["sql"].startswith("UPDATE catalog_product")]


def test_the_change_set_counts_what_was_shown(tmp_path: Path) -> None:
    make_product(sku="B2", name="Bear")
    path = write_csv(tmp_path / "autumn.csv", "sku,name", "B2,Pear", "C3,Fig")
    answer = run_import("products", path, "--apply", "--reason", "autumn list")
    made = ChangeSet.objects.get(pk=answer["change_set"])
    assert (made.kind, made.source, made.reason) == ("import", "autumn.csv", "autumn list")
    assert made.counts == {"catalog.product": {"+": 1, "~": 1}}
    assert Product.history.filter(change_set=made).count() == 2


def test_a_second_run_changes_nothing_and_makes_no_change_set(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,name,price,tags", 'A1,Apple,1.50,"red, sweet"', "B2,,2,")
    run_import("products", path, "--apply")
    answer = run_import("products", path, "--apply")
    assert counts(answer) == (0, 0, 2, 0)
    assert answer["change_set"] is None


def test_one_refused_row_stops_all(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,price", "A1,1.50", 'B2,"1,50"')
    answer = run_import("products", path, "--apply")
    assert (answer["status"], answer["refused"], Product.objects.count()) == (1, 1, 0)


def test_a_problem_names_row_column_value_rule_and_remedy(tmp_path: Path) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,Price", "A1,1.50", 'B2,"1,50"'))
    assert answer["problems"] == [
        {
            "row": 3,
            "column": "Price",
            "value": "1,50",
            "rule": "decimal",
            "message": "1,50 has a decimal comma. Write 1.50.",
        }
    ]


def test_only_valid_writes_the_good_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,price", "A1,1.50", "B2,cheap")
    answer = run_import("products", path, "--apply", "--only-valid")
    assert (answer["status"], counts(answer)) == (0, (1, 0, 0, 1))
    assert Product.objects.get().sku == "A1"


def test_a_key_twice_in_the_file_refuses_both_rows(tmp_path: Path) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,name", "a1,Apple", "B2,Pear", "A1,Fig"))
    assert [(found["row"], found["rule"]) for found in answer["problems"]] == [(2, "repeated"), (4, "repeated")]
    assert answer["problems"][0]["message"] == "“a1” stands in the rows 2, 4. Keep one of them."


def test_a_short_row_is_a_problem_of_its_own(tmp_path: Path) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,name,price", "A1,Apple,1", "B2"))
    assert [(found["row"], found["rule"]) for found in answer["problems"]] == [(3, "row_length")]


def test_an_absent_column_leaves_things_as_they_are(tmp_path: Path) -> None:
    make_product(sku="A1", name="Apple", barcode="400")
    run_import("products", write_csv(tmp_path / "p.csv", "sku,name", "A1,Pear"), "--apply")
    assert Product.objects.get().barcode == "400"


def test_a_blank_cell_clears_what_can_be_empty(tmp_path: Path) -> None:
    make_product(sku="A1", barcode="400", cost=3, tags=["red"])
    run_import("products", write_csv(tmp_path / "p.csv", "sku,barcode,cost,tags", "A1,,,"), "--apply")
    product = Product.objects.get()
    assert (product.barcode, product.cost, product.tags) == ("", None, [])


def test_a_blank_cell_leaves_what_cannot_be_empty(tmp_path: Path) -> None:
    make_product(sku="A1", price=7, status="active")
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,price,status", "A1,,"), "--apply")
    assert counts(answer) == (0, 0, 1, 0)


def test_map_and_set_fill_fields(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "product_id,title,price", "1,Chai,18")
    answer = run_import("products", path, "--apply", "--map", "sku=product_id", "name=title", "--set", "status=active")
    product = Product.objects.get()
    assert (answer["status"], product.sku, product.name, product.status) == (0, "1", "Chai", "active")


def test_columns_that_fill_nothing_are_named(tmp_path: Path) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku,Prise", "A1,1"))
    assert answer["stderr"].strip() == "These columns fill nothing: Prise."


@pytest.mark.parametrize(
    ("resource", "header", "arguments", "words"),
    [
        ("colours", "sku", [], "There is no spreadsheet “colours”. There are: products"),
        ("products", "name", [], "The file has no column for SKU. Say which of its columns it is: “name”."),
        ("products", "sku", ["--map", "colour=sku"], "There is no field “colour” here."),
        ("products", "sku", ["--map", "name=Title"], "The file has no column “Title”. Its columns are: “sku”."),
        ("products", "sku", ["--set", "price=cheap"], "“cheap” does not fit Price"),
        ("products", "sku,EAN,GTIN", [], "Two columns fit Barcode: “EAN”, “GTIN”."),
    ],
)
def test_a_wrong_request_gets_one_sentence(
    tmp_path: Path, resource: str, header: str, arguments: list[str], words: str
) -> None:
    answer = run_import(
        resource, write_csv(tmp_path / "p.csv", header, ",".join("A" * len(header.split(",")))), *arguments
    )
    assert answer["status"] == 2
    assert words in answer["stderr"]
    assert answer["stderr"].count("\n") == 1
    assert ("Fields to --map and --set: sku, name," in answer["stderr"]) == (resource == "products")


def test_a_missing_file_gets_one_sentence(tmp_path: Path) -> None:
    answer = run_import("products", tmp_path / "nowhere.csv")
    assert (answer["status"], answer["stderr"].count("\n")) == (2, 1)


def test_only_a_hundred_problems_are_told_and_all_are_counted(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,price", *(f"S{number},x" for number in range(150)))
    answer = run_import("products", path)
    assert (answer["refused"], len(answer["problems"])) == (150, 100)


def test_a_workbook_imports_like_a_text_file(tmp_path: Path) -> None:
    workbook = pytest.importorskip("openpyxl").Workbook()
    for row in (["SKU", "Name", "Price"], [12.0, "Twelve", 1.5], ["0042", "Forty-two", 2]):
        workbook.active.append(row)
    workbook.save(tmp_path / "p.xlsx")
    answer = run_import("products", tmp_path / "p.xlsx", "--apply")
    assert counts(answer) == (2, 0, 0, 0)
    assert list(Product.objects.order_by("pk").values_list("sku", flat=True)) == ["12", "0042"]


def test_text_that_copy_could_misread_arrives_as_it_is(tmp_path: Path) -> None:
    name = r"\N back\slash, \t and {braces} \."
    run_import("products", write_csv(tmp_path / "p.csv", "sku,name,tags", f'A1,"{name}","a""b, c\\d"'), "--apply")
    product = Product.objects.get()
    assert (product.name, product.tags) == (name, ['a"b', "c\\d"])


def test_new_rows_are_created_in_the_order_of_the_file(tmp_path: Path) -> None:
    Category.objects.create(name="Fruit")
    run_import("products", write_csv(tmp_path / "p.csv", "sku,category", "Z,fruit", "A,Fruit", "M,"), "--apply")
    assert list(Product.objects.order_by("pk").values_list("sku", flat=True)) == ["Z", "A", "M"]


def test_the_answer_has_just_the_keys_that_scripts_know(tmp_path: Path) -> None:
    answer = run_import("products", write_csv(tmp_path / "p.csv", "sku", "A1"))
    known = "rows create update unchanged refused tables problems guards effects field_counts read change_set seconds"
    assert list(answer) == [*known.split(), "status", "stderr"]


@pytest.mark.parametrize("option", ["--map", "--set"])
def test_a_field_that_is_given_twice_is_refused(tmp_path: Path, option: str) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,a,b", "A1,x,y")
    answer = run_import("products", path, option, "name=a", option, "name=b")
    assert (answer["status"], answer["stderr"].strip()) == (2, "name is given twice. Give it once.")


def test_without_a_database_the_command_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "import_spreadsheet", "products", write_csv(tmp_path / "p.csv", "sku", "A1")],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": "postgresql://127.0.0.1:1/gone"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().endswith("Start it, or correct DATABASE_URL, and try again.")
    assert "Traceback" not in done.stderr


def test_titles_above_the_columns_are_passed_over_when_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "Goods of the summer", "", "sku,name", "A1,Apple")
    assert counts(run_import("products", path, "--header-row", "3")) == (1, 0, 0, 0)


def test_words_of_the_file_are_replaced_as_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,status", "A1,on", "B2,ON", "C3,active")
    answer = run_import("products", path, "--replace", "status:on=active", "--apply")
    assert counts(answer) == (3, 0, 0, 0)
    assert set(Product.objects.values_list("status", flat=True)) == {"active"}


def test_a_replacement_that_does_not_fit_is_refused_with_the_word_of_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "sku,status", "A1,on")
    [problem] = run_import("products", path, "--replace", "status:on=lively")["problems"]
    assert problem["value"] == "on"
