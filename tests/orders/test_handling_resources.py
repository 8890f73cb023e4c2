"""Spreadsheets of payments and shipments: the services do the work, at the check only to see whether they would."""

from pathlib import Path

import pytest

from backoffice.changes.models import ChangeSet
from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.registry import get_resource
from orders.models import Order, OrderEvent, Payment, Shipment
from orders.services import LineDraft
from tests.factories import make_completed, make_draft, make_placed, make_product, reload
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = pytest.mark.django_db


def test_payments_are_recorded_and_the_same_file_again_records_none(tmp_path: Path) -> None:
    order = make_placed()
    path = write_csv(tmp_path / "p.csv", "order,amount,reference", f"{order.number},20.00,BANK-1")
    answer = run_import("payments", path, "--apply")
    assert counts(answer) == (1, 0, 0, 0)
    assert ChangeSet.objects.get(pk=answer["change_set"]).kind == "import"
    assert (reload(order).payment_state, reload(order).paid) == ("paid", 20)
    assert counts(run_import("payments", path, "--apply")) == (0, 0, 1, 0)
    assert Payment.objects.count() == 1


def test_a_check_of_payments_writes_nothing(tmp_path: Path) -> None:
    order = make_placed()
    before = ChangeSet.objects.count(), OrderEvent.objects.count()
    path = write_csv(tmp_path / "p.csv", "order,amount,reference", f"{order.number},20.00,BANK-1")
    assert counts(run_import("payments", path)) == (1, 0, 0, 0)
    assert (ChangeSet.objects.count(), OrderEvent.objects.count()) == before
    assert not Payment.objects.exists()


def test_what_the_service_refuses_is_a_problem_of_its_row(tmp_path: Path) -> None:
    order, draft = make_placed(), make_draft()
    path = write_csv(
        tmp_path / "p.csv",
        "order,amount,reference",
        f"{draft.number},5,BANK-1",
        "NOWHERE,5,BANK-2",
        f"{order.number},20,BANK-3",
        f"{order.number},20,BANK-3",
    )
    answer = run_import("payments", path, "--apply", "--only-valid")
    assert counts(answer) == (1, 0, 0, 3)
    words = [found["message"] for found in answer["problems"]]
    assert "is a draft. Place it before" in words[0]
    assert words[1] == "There is no order NOWHERE. Correct its number."
    assert words[2] == "A payment with the reference BANK-3 is recorded already. Look it up before you go on."
    assert Payment.objects.get().provider_reference == "BANK-3"


def test_shipments_ship_what_is_left_with_their_tracking_number(tmp_path: Path) -> None:
    order = make_placed()
    path = write_csv(tmp_path / "s.csv", "order,carrier,tracking", f"{order.number},Post,T-1")
    assert counts(run_import("shipments", path, "--apply")) == (1, 0, 0, 0)
    shipment = Shipment.objects.get()
    assert (shipment.carrier, shipment.tracking_number, reload(order).fulfilment_state) == ("Post", "T-1", "fulfilled")
    assert order.lines.get().product.on_hand == 8
    assert counts(run_import("shipments", path, "--apply")) == (0, 0, 1, 0)


def test_rows_with_one_tracking_number_are_one_parcel(tmp_path: Path) -> None:
    lines = [LineDraft(make_product(sku=sku, on_hand=10), 2) for sku in ("A1", "B2")]
    order = make_placed(*lines)
    rows = [f"{order.number},{sku},{units},T-1" for sku, units in (("a1", "1"), ("B2", ""))]
    run_import("shipments", write_csv(tmp_path / "s.csv", "order,sku,quantity,tracking", *rows), "--apply")
    assert Shipment.objects.count() == 1
    assert list(order.lines.order_by("position").values_list("shipped", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("row", "words"),
    [("A1,3", "2 of A1 left"), ("ZZ,1", "no line of ZZ"), (",1", "Give the SKU on each row")],
)
def test_a_parcel_that_cannot_be_is_refused(tmp_path: Path, row: str, words: str) -> None:
    order = make_placed(LineDraft(make_product(sku="A1", on_hand=10), 2))
    path = write_csv(tmp_path / "s.csv", "order,sku,quantity,tracking", f"{order.number},{row},T-1")
    [problem] = run_import("shipments", path, "--apply")["problems"]
    assert words in problem["message"]
    assert not Shipment.objects.exists()


@pytest.mark.parametrize("resource", ["payments", "shipments"])
def test_work_that_was_done_is_exported_and_done_no_second_time(tmp_path: Path, resource: str) -> None:
    make_completed()
    Payment.objects.update(provider_reference="BANK-1")
    Shipment.objects.update(tracking_number="T-1")
    assert export_sheet(get_resource(resource), tmp_path / "x.csv") == 1
    assert counts(run_import(resource, tmp_path / "x.csv", "--apply")) == (0, 0, 1, 0)


def test_further_lines_of_an_order_leave_its_columns_blank(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "o.csv",
        "order,placed at,customer,sku,quantity,unit price",
        "H-1,2026-01-05 10:00,17,A1,1,2.00",
        ",,,B2,3,1.00",
        "H-2,2026-01-06 10:00,,A1,1,2.00",
        ",,,B2,1,1.00",
    )
    assert counts(run_import("orders", path, "--apply")) == (4, 0, 0, 0)
    found = Order.objects.order_by("number").values_list("number", "customer__number", "total")
    assert list(found) == [("H-1", "17", 5), ("H-2", None, 3)]


def test_a_line_that_says_something_of_its_order_must_say_which(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "o.csv",
        "order,placed at,customer,sku,quantity,unit price",
        "H-1,2026-01-05 10:00,17,A1,1,2.00",
        ",,18,B2,3,1.00",
    )
    assert {found["row"] for found in run_import("orders", path)["problems"]} == {3}
