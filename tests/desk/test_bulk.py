"""Work on many rows: previewed, confirmed once, carried out on exactly those rows, told row by row, taken back."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from backoffice.bulk.models import BulkBatch, BulkProblem, BulkRun
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import claim_job
from catalog.models import Category, Product
from customers.models import Customer
from orders.models import Order
from tests.desk.bulk import confirm_plan
from tests.factories import make_completed, make_customer, make_draft, make_placed, make_product, reload

pytestmark = pytest.mark.django_db
PRODUCTS, CUSTOMERS, ORDERS = "/catalog/product/", "/customers/customer/", "/orders/order/"
WHY = "autumn list"


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def chosen(rows: Any, action: str = "edit_many", **fields: Any) -> dict[str, Any]:
    known = {"action": action, "index": 0, "select_across": 0, "_selected_action": [row.pk for row in rows]}
    return known | {"confirmed": 1, "reason": WHY} | fields


def edit(field: str, operation: str, value: Any = "", rounding: str = "0.01") -> dict[str, Any]:
    return {f"do-{field}": operation, f"value-{field}": value, f"round-{field}": rounding}


def planned(client: Client, url: str, data: dict[str, Any]) -> BulkRun:
    """Post a dialog; return the plan that it led to."""
    response = client.post(url, data)
    assert response.status_code == 302, response.content.decode()[-3000:]
    return BulkRun.objects.get(pk=re.findall(r"/bulk/bulkrun/(\d+)/", response.headers["Location"])[0])


def confirm(client: Client, run: BulkRun, **fields: Any) -> BulkRun:
    """Confirm a plan as its page does; return what became of it."""
    confirm_plan(client, f"/bulk/bulkrun/{run.pk}/change/", **fields)
    return reload(run)


def page(client: Client, run: BulkRun) -> str:
    return str(client.get(f"/bulk/bulkrun/{run.pk}/change/").content.decode())


def prices(*products: Product) -> list[Decimal]:
    return [reload(product).price for product in products]


# What an edit does


@pytest.mark.parametrize(
    ("operation", "value", "rounding", "price"),
    [
        ("set", "7.50", "0.01", "7.50"),
        ("add", "0.50", "0.01", "10.63"),
        ("subtract", "0.125", "not", "10.0000"),
        ("multiply", "2", "0.01", "20.25"),
        ("percent", "5", "0.01", "10.63"),
        ("percent", "-5", "0.05", "9.60"),
        ("percent", "5", "0.99", "10.99"),
        ("round", "", "1", "10"),
        ("round", "", "0.10", "10.10"),
    ],
)
def test_a_price_is_calculated_and_rounded_half_up(
    desk: Any, operation: str, value: str, rounding: str, price: str
) -> None:
    product = make_product(price=Decimal("10.125"))
    run = planned(desk, PRODUCTS, chosen([product], **edit("price", operation, value, rounding)))
    assert confirm(desk, run, accept=["jump-price"]).state == "done"
    assert prices(product) == [Decimal(price)]


@pytest.mark.parametrize(("price", "ends"), [("0", "0"), ("0.20", "0.99"), ("12.48", "11.99"), ("12.49", "12.99")])
def test_a_price_to_99_is_the_nearest_that_ends_so(desk: Any, price: str, ends: str) -> None:
    product, other = make_product(price=Decimal(price)), make_product(price=Decimal("5.50"))
    data = chosen([product, other], **edit("price", "round", rounding="0.99"))
    confirm(desk, planned(desk, PRODUCTS, data), accept=["jump-price"])
    assert prices(product) == [Decimal(ends)]


def test_tags_are_added_once_and_removed(desk: Any) -> None:
    rows = [make_product(tags=["old", "sale"]), make_product(tags=[])]
    added = planned(desk, PRODUCTS, chosen(rows, **edit("tags", "add_tag", "sale")))
    assert (added.planned, added.unchanged) == (1, 1)
    confirm(desk, added)
    assert [reload(row).tags for row in rows] == [["old", "sale"], ["sale"]]
    confirm(desk, planned(desk, PRODUCTS, chosen(rows, **edit("tags", "remove_tag", "sale"))))
    assert [reload(row).tags for row in rows] == [["old"], []]


def test_several_fields_are_edited_and_others_left(desk: Any) -> None:
    rugs = Category.objects.create(name="Rugs")
    product = make_product(name="Kilim", barcode="1234", reorder_level=3)
    asked = edit("category", "set", rugs.pk) | edit("barcode", "clear") | edit("reorder_level", "add", "2")
    run = confirm(desk, planned(desk, PRODUCTS, chosen([product], **asked)))
    product = reload(product)
    assert (product.category, product.barcode, product.reorder_level, product.name) == (rugs, "", 5, "Kilim")
    assert run.title == "Category: Rugs; Barcode: empty; Reorder level: +2"


def test_all_that_the_filters_show_is_edited_and_nothing_else(desk: Any) -> None:
    spain, other, france = (make_customer(country=where) for where in ("Spain", "Spain", "France"))
    data = chosen([spain], **edit("company", "set", "Sol")) | {"select_across": 1}
    run = planned(desk, f"{CUSTOMERS}?country=Spain", data)
    make_customer(country="Spain")
    confirm(desk, run)
    assert set(Customer.objects.filter(company="Sol")) == {spain, other}
    assert reload(france).company != "Sol"


# The preview


def test_the_preview_writes_nothing_and_tells_what_would_be(desk: Any) -> None:
    products = [make_product(sku=f"TEA-{n}", price=Decimal(10)) for n in (1, 2)]
    run = planned(desk, PRODUCTS, chosen(products, **edit("price", "percent", "5")))
    assert prices(*products) == [10, 10]
    shown = page(desk, run)
    assert "TEA-1" in shown
    assert "10.00 → <strong>10.50</strong>" in shown
    assert run.effect == [{"what": "Price", "before": "20.00", "after": "21.00", "difference": "+1.00"}]
    assert not ChangeSet.objects.filter(reason=WHY).exists()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (edit("price", "subtract", "11"), "greater than or equal to 0"),
        (edit("tax_rate", "multiply", "100"), "less than or equal to 100"),
        (edit("price", "multiply", "100000000000"), "no more than 14 digits in total"),
        (edit("reorder_level", "subtract", "9"), "greater than or equal to 0"),
    ],
)
def test_values_that_a_form_would_refuse_are_named_before(desk: Any, asked: dict[str, Any], sentence: str) -> None:
    run = planned(desk, PRODUCTS, chosen([make_product(tax_rate=20, reorder_level=2)], **asked))
    assert (run.planned, run.refused) == (0, 1)
    assert sentence in run.problems.get().sentence


def test_constraints_are_named_before_with_who_is_in_the_way(desk: Any) -> None:
    parent, other = Category.objects.create(name="Home"), Category.objects.create(name="Garden")
    lamps, twin = (Category.objects.create(name="Lamps", parent=each) for each in (parent, other))
    run = planned(desk, "/catalog/category/", chosen([lamps, twin], **edit("parent", "clear")))
    assert (run.planned, run.refused) == (1, 1)
    assert "There is a category of this name at this place already. It is Lamps now." in run.problems.get().sentence
    run = planned(desk, "/catalog/category/", chosen([parent], **edit("parent", "set", lamps.pk)))
    assert "cannot be within one of its own" in run.problems.get().sentence


def test_a_model_s_own_rules_are_asked(desk: Any) -> None:
    order = make_placed()
    product = order.lines.get().product
    Product.objects.filter(pk=product.pk).update(allow_backorder=True)
    Product.objects.filter(pk=product.pk).update(reserved=99)
    run = planned(desk, PRODUCTS, chosen([product], **edit("allow_backorder", "set", "")))
    assert "More is reserved than is on hand." in run.problems.get().sentence


def test_a_field_that_a_row_s_form_would_not_change_is_refused_on_that_row(desk: Any) -> None:
    draft, placed = make_draft(), make_placed()
    run = confirm(desk, planned(desk, ORDERS, chosen([draft, placed], **edit("country", "set", "Spain"))))
    assert (reload(draft).country, reload(placed).country != "Spain") == ("Spain", True)
    assert run.problems.get(object_id=placed.pk).sentence.startswith("As it stands now, this cannot be changed on it")


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        (PRODUCTS, {"sku", "status", "on_hand", "reserved", "price_with_tax"}),
        (ORDERS, {"number", "status", "total", "paid", "discount", "hold_reason"}),
        (CUSTOMERS, {"number", "marketing_consent", "archived_at", "blocked"}),
        ("/accounts/user/", {"email", "password", "last_login"}),
    ],
)
def test_what_services_write_and_no_two_rows_share_is_never_offered(
    administrator: Any, signed_in: Any, url: str, fields: set[str]
) -> None:
    for make in (make_product, make_placed, make_customer):
        make()
    client = signed_in(administrator)
    row = client.get(url).context["cl"].result_list[0]
    form = client.post(url, {"action": "edit_many", "_selected_action": [row.pk]}).context["form"]
    assert form.offered
    assert not fields & set(form.offered)


def test_a_field_that_is_not_offered_is_not_edited(desk: Any) -> None:
    product = make_product()
    response = desk.post(PRODUCTS, chosen([product], **edit("status", "set", "archived")))
    assert "Choose what to do with at least one field." in response.content.decode()


def test_nobody_edits_what_their_role_does_not_change(operator: Any, viewer: Any, signed_in: Any) -> None:
    product = make_product()
    for user in (operator, viewer):
        client = signed_in(user)
        client.post(PRODUCTS, chosen([product], **edit("price", "set", "1")))
        assert 'value="edit_many"' not in client.get(PRODUCTS).content.decode()
    assert not BulkRun.objects.exists()


def test_a_reason_is_wanted_where_settings_say_so(desk: Any) -> None:
    product = make_product()
    response = desk.post(PRODUCTS, chosen([product], **edit("price", "set", "1")) | {"reason": " "})
    assert "Say why you change: price." in response.content.decode()
    assert planned(desk, PRODUCTS, chosen([product], **edit("barcode", "set", "1")) | {"reason": ""})


def test_too_many_rows_are_refused(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BULK_ROWS_MOST", 1)
    response = desk.post(PRODUCTS, chosen([make_product(), make_product()], **edit("barcode", "clear")))
    assert "At most 1 row is worked on at once." in response.content.decode()
    assert not BulkRun.objects.exists()


# Guard rails and confirmation


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        (edit("price", "percent", "50"), "jump-price", "Price: 1 changes by more than 30 % (10.00 → 15.00)."),
        (edit("price", "multiply", "0"), "nothing-price", "Price: 1 becomes zero."),
    ],
)
def test_a_jump_wants_a_second_word(desk: Any, asked: dict[str, Any], code: str, sentence: str) -> None:
    product = make_product()
    run = planned(desk, PRODUCTS, chosen([product], **asked))
    codes = [warning["code"] for warning in run.warnings]
    assert sentence in [warning["sentence"] for warning in run.warnings]
    assert confirm(desk, run, accept=[each for each in codes if each != code]).state == "planned"
    assert prices(product) == [10]
    assert confirm(desk, run, accept=codes).state == "done"


def test_very_many_rows_want_a_second_word(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.BULK_GUARDS, "rows", 1)
    rows = [make_product(barcode="1"), make_product(barcode="1")]
    run = planned(desk, PRODUCTS, chosen(rows, **edit("barcode", "clear")))
    assert confirm(desk, run).state == "planned"
    assert confirm(desk, run, accept=["rows"]).state == "done"


def test_a_confirmation_is_of_one_plan_and_one_person(desk: Any, administrator: Any, signed_in: Any) -> None:
    product = make_product()
    mine, other = (planned(desk, PRODUCTS, chosen([product], **edit("price", "set", n))) for n in ("9", "8"))
    token = desk.get(f"/bulk/bulkrun/{other.pk}/change/").context["token"]
    for forged in ("", token, f"{token}x"):
        desk.post(f"/bulk/bulkrun/{mine.pk}/run/", {"token": forged})
    assert signed_in(administrator).post(f"/bulk/bulkrun/{other.pk}/run/", {"token": token}).status_code == 403
    assert prices(product) == [10]


def test_a_preview_grows_too_old(desk: Any) -> None:
    product = make_product()
    run = planned(desk, PRODUCTS, chosen([product], **edit("price", "set", "9")))
    BulkRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=61))
    assert confirm(desk, run).state == "planned"
    assert prices(product) == [10]


def test_a_second_click_does_nothing(desk: Any) -> None:
    product = make_product()
    run = planned(desk, PRODUCTS, chosen([product], **edit("price", "percent", "10")))
    token = desk.get(f"/bulk/bulkrun/{run.pk}/change/").context["token"]
    for _click in range(2):
        desk.post(f"/bulk/bulkrun/{run.pk}/run/", {"token": token})
    assert prices(product) == [11]


# The run


def test_a_row_that_changed_since_the_preview_is_left_alone(desk: Any) -> None:
    rows = [make_product(), make_product(), make_product()]
    run = planned(desk, PRODUCTS, chosen(rows, **edit("price", "set", "9")))
    Product.objects.filter(pk=rows[0].pk).update(name="Renamed")
    Product.objects.filter(pk=rows[1].pk).delete()
    run = confirm(desk, run)
    assert (run.state, run.done, run.skipped) == ("partly", 1, 2)
    assert prices(rows[0], rows[2]) == [10, 9]
    sentences = dict(run.problems.values_list("object_id", "sentence"))
    assert sentences[rows[0].pk].startswith("Changed since the preview by db:")
    assert sentences[rows[1].pk] == "Deleted since the preview."
    assert "Changed since the preview by" in page(desk, run)


def test_what_the_database_refuses_by_then_fails_alone(desk: Any) -> None:
    rugs = Category.objects.create(name="Rugs")
    rows = [make_product(), make_product()]
    run = planned(desk, PRODUCTS, chosen(rows, **edit("category", "set", rugs.pk)))
    rugs.delete()
    run = confirm(desk, run)
    assert (run.done, run.failed) == (0, 2)
    free, mine = Category.objects.create(name="Home"), Category.objects.create(name="Lamps", parent=None)
    lamps = Category.objects.create(name="Lamps", parent=free)
    other = Category.objects.create(name="Chairs", parent=free)
    mine.delete()
    run = planned(desk, "/catalog/category/", chosen([lamps, other], **edit("parent", "clear")))
    Category.objects.create(name="Lamps")
    run = confirm(desk, run)
    assert (run.done, run.failed, reload(other).parent) == (1, 1, None)
    assert "There is a category of this name at this place already." in run.problems.get().sentence


def test_a_run_is_one_change_set_that_can_be_undone(desk: Any, manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.BULK_BATCH_ROWS, "edit", 2)
    rows = [make_product() for _ in range(5)]
    run = confirm(desk, planned(desk, PRODUCTS, chosen(rows, **edit("price", "percent", "10"))))
    change_set = ChangeSet.objects.get(reason=WHY)
    assert (run.change_set, run.batches.count()) == (change_set, 3)
    assert (change_set.kind, change_set.actor, change_set.counts) == ("action", manager, {"catalog.product": {"~": 5}})
    assert change_set.source == "Price: +10 %, to the cent"
    assert f"/changes/changeset/{change_set.pk}/undo/" in page(desk, run)
    undo_change_set(change_set=change_set, actor=manager, reason="wrong")
    assert prices(*rows) == [10] * 5
    assert "undone" in page(desk, run)


def in_background(desk: Any, monkeypatch: pytest.MonkeyPatch, rows: list[Product]) -> BulkRun:
    monkeypatch.setattr(settings, "BULK_PAGE_ROWS", 1)
    monkeypatch.setitem(settings.BULK_BATCH_ROWS, "edit", 2)
    return confirm(desk, planned(desk, PRODUCTS, chosen(rows, **edit("price", "set", "9"))))


def test_a_large_run_is_carried_out_by_a_job(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_product() for _ in range(5)]
    run = in_background(desk, monkeypatch, rows)
    assert (run.is_working, prices(*rows)) == (True, [10] * 5)
    assert "It runs in the background." in page(desk, run)
    assert run_job(run.job_id) == "succeeded"
    run = reload(run)
    assert (run.state, run.done, prices(*rows)) == ("done", 5, [9] * 5)
    assert ChangeSet.objects.filter(reason=WHY).count() == 1


def test_a_run_goes_on_where_its_worker_died(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_product() for _ in range(5)]
    run = in_background(desk, monkeypatch, rows)
    first = run.batches.get(number=0)
    BulkBatch.objects.filter(pk=first.pk).update(finished=True)
    BulkRun.objects.filter(pk=run.pk).update(done=2)
    run_job(run.job_id)
    assert (reload(run).done, prices(*rows)) == (5, [10, 10, 9, 9, 9])


def test_a_run_in_the_background_is_stopped_and_gone_on_with(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_product() for _ in range(3)]
    run = in_background(desk, monkeypatch, rows)
    desk.post(f"/bulk/bulkrun/{run.pk}/stop/")
    assert (reload(run).state, prices(*rows)) == ("stopped", [10] * 3)
    assert not claim_job(job_id=run.job_id)
    again = retry(desk, run)
    assert (again.planned, again.retry_of) == (3, run)


def retry(desk: Any, run: BulkRun) -> BulkRun:
    response = desk.post(f"/bulk/bulkrun/{run.pk}/again/")
    return BulkRun.objects.get(pk=re.findall(r"/bulk/bulkrun/(\d+)/", response.headers["Location"])[0])


def test_rows_that_were_left_are_planned_again_and_no_others(desk: Any) -> None:
    rows = [make_product(), make_product()]
    run = planned(desk, PRODUCTS, chosen(rows, **edit("price", "percent", "10")))
    Product.objects.filter(pk=rows[0].pk).update(name="Renamed")
    run = confirm(desk, run)
    again = retry(desk, run)
    assert retry(desk, run) == again
    assert [batch.ids for batch in again.batches.all()] == [[rows[0].pk]]
    confirm(desk, again)
    assert retry(desk, run) == again
    assert prices(*rows) == [11, 11]


def test_a_job_that_failed_says_so_on_the_page_of_the_run(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = in_background(desk, monkeypatch, [make_product(), make_product()])
    run.actor.memberships.all().delete()
    assert run_job(run.job_id) == "failed"
    run = reload(run)
    assert run.is_broken
    assert Job.objects.get(pk=run.job_id).error == "Your role does not allow this any more."


# Actions go the same way


def test_an_action_is_tried_for_its_preview_and_leaves_nothing(desk: Any) -> None:
    ready, done = make_placed(), make_completed()
    run = planned(desk, ORDERS, chosen([ready, done], "ship"))
    assert (reload(ready).fulfilment_state, ready.shipments.count()) == ("unfulfilled", 0)
    assert (run.planned, run.refused, run.effect[0]["after"]) == (1, 1, "20.00")
    shown = page(desk, run)
    assert "Unfulfilled → <strong>Fulfilled</strong>" in shown
    assert f"Order {done.number} is completed" in shown


def test_an_action_runs_on_the_rows_of_its_plan_alone(desk: Any) -> None:
    orders = [make_placed() for _ in range(3)]
    run = planned(desk, ORDERS, chosen(orders, "hold") | {"reason": "strike"})
    Order.objects.filter(pk=orders[0].pk).update(channel="shop")
    run = confirm(desk, run)
    assert [reload(order).hold_reason for order in orders] == ["", "strike", "strike"]
    assert (run.done, run.skipped, run.change_set.reason) == (2, 1, "strike")


def test_what_a_service_refuses_by_then_is_told(desk: Any) -> None:
    customer = make_customer()
    run = planned(desk, CUSTOMERS, chosen([customer], "archive"))
    make_placed(customer=customer)
    Customer.objects.filter(pk=customer.pk)
    BulkBatch.objects.filter(run=run).update(versions=[reload(customer).updated_at])
    run = confirm(desk, run)
    assert run.problems.get(kind=BulkProblem.Kind.SKIPPED).sentence.endswith("Complete or cancel them first.")


def test_an_action_that_makes_prices_jump_wants_a_second_word(desk: Any) -> None:
    product = make_product()
    run = planned(desk, PRODUCTS, chosen([product], "adjust", percent=80))
    assert [warning["code"] for warning in run.warnings] == ["jump-price"]
    assert confirm(desk, run).state == "planned"
    assert confirm(desk, run, accept=["jump-price"]).state == "done"
    assert prices(product) == [18]


# Who sees what


def test_a_preview_is_its_planner_s_alone_and_a_run_everybody_s(desk: Any, viewer: Any, signed_in: Any) -> None:
    product = make_product()
    run = planned(desk, PRODUCTS, chosen([product], **edit("price", "set", "9")))
    reader = signed_in(viewer)
    assert reader.get(f"/bulk/bulkrun/{run.pk}/change/").status_code == 403
    assert run.title not in reader.get("/bulk/bulkrun/").content.decode()
    confirm(desk, run)
    assert reader.get(f"/bulk/bulkrun/{run.pk}/change/").status_code == 200
    assert run.title in reader.get("/bulk/bulkrun/").content.decode()
    assert reader.post(f"/bulk/bulkrun/{run.pk}/again/").status_code == 403


def test_a_run_on_rows_that_one_may_not_see_is_not_shown(administrator: Any, manager: Any, signed_in: Any) -> None:
    client = signed_in(administrator)
    run = confirm(client, planned(client, "/accounts/user/", chosen([manager], **edit("name", "set", "Ada"))))
    assert run.state == "done"
    other = signed_in(manager)
    assert other.get(f"/bulk/bulkrun/{run.pk}/change/").status_code == 403
    assert "Name: Ada" not in other.get("/bulk/bulkrun/").content.decode()
