"""Actions: asked in a dialog, done by a service row by row, told row by row."""

import re
from typing import Any

import pytest
from django.test import Client

from backoffice.bulk.models import BulkRun
from backoffice.changes.models import ChangeSet
from orders.models import Order
from tests.desk.bulk import run_on_list
from tests.factories import make_completed, make_draft, make_placed, reload

pytestmark = pytest.mark.django_db
LIST = "/orders/order/"


@pytest.fixture
def desk(operator: Any, signed_in: Any) -> Any:
    return signed_in(operator)


def bulk(action: str, *orders: Order, **fields: Any) -> dict[str, Any]:
    known = {"action": action, "index": 0, "select_across": 0, "_selected_action": [order.pk for order in orders]}
    return known | fields


def dialog(order: Order, action: str) -> str:
    return f"{LIST}{order.pk}/do/{action}/"


def test_the_dialog_asks_before_anything_is_done(desk: Any) -> None:
    order = make_placed()
    page = desk.get(dialog(order, "ship")).content.decode()
    assert "Tracking number" in page
    assert reload(order).fulfilment_state == "unfulfilled"


def test_an_action_runs_from_the_page_of_its_row(desk: Any) -> None:
    order = make_placed()
    units = {f"units_{line.pk}": line.quantity for line in order.lines.all()}
    response = desk.post(dialog(order, "ship"), {"confirmed": 1, "carrier": "DHL", "reason": "asked by phone"} | units)
    assert response.headers["Location"] == f"{LIST}{order.pk}/change/"
    assert order.shipments.get().carrier == "DHL"


def test_units_of_lines_are_shipped_in_part(desk: Any) -> None:
    order = make_placed()
    line = order.lines.get()
    desk.post(dialog(order, "ship"), {"confirmed": 1, f"units_{line.pk}": 1})
    assert (reload(line).shipped, reload(order).fulfilment_state) == (1, "part")


def test_a_dialog_within_a_page_sends_the_browser_on(desk: Any) -> None:
    order = make_placed()
    response = desk.post(
        dialog(order, "hold"), {"confirmed": 1, "reason": "bad address"}, headers={"HX-Request": "true"}
    )
    assert response.headers["HX-Redirect"] == f"{LIST}{order.pk}/change/"


def test_a_dialog_shares_no_id_with_the_form_of_the_page(desk: Any) -> None:
    order = make_placed()
    dialogs_ids, pages_ids = (
        set(re.findall(r'\bid="(id_\w+)"', desk.get(url).content.decode()))
        for url in (dialog(order, "hold"), f"{LIST}{order.pk}/change/")
    )
    assert "id_dialog_reason" in dialogs_ids
    assert not dialogs_ids & pages_ids


def test_a_missing_answer_is_asked_for_again(desk: Any) -> None:
    order = make_placed()
    page = desk.post(dialog(order, "hold"), {"confirmed": 1, "reason": ""}).content.decode()
    assert "This field is required" in page
    assert reload(order).hold_reason == ""


def test_what_cannot_be_done_says_why(desk: Any) -> None:
    order = make_completed()
    page = desk.get(dialog(order, "ship")).content.decode()
    assert f"Order {order.number} is completed" in page
    assert "confirmed" not in page


def test_a_refusal_of_the_service_stands_in_the_dialog(desk: Any) -> None:
    order = make_placed()
    line = order.lines.get()
    page = desk.post(dialog(order, "ship"), {"confirmed": 1, f"units_{line.pk}": 0}).content.decode()
    assert "Every line has zero units" in page


def test_a_payment_posted_twice_is_one_payment(desk: Any) -> None:
    order = make_placed()
    form = {"confirmed": 1, "amount": "5.00", "method": "bank", "idempotency_key": "click-1"}
    desk.post(dialog(order, "pay"), form)
    desk.post(dialog(order, "pay"), form)
    assert order.payments.count() == 1


def test_selected_rows_are_done_each_and_refusals_are_told(desk: Any) -> None:
    ready, done, draft = make_placed(), make_completed(), make_draft()
    page = run_on_list(desk, LIST, bulk("ship", ready, done, draft)).content.decode()
    assert "1 row is done." in page
    assert f"Order {draft.number} is a draft. Place it first." in page
    assert f'href="{LIST}{draft.pk}/change/"' in page
    assert reload(ready).fulfilment_state == "fulfilled"


def test_everything_selected_means_what_the_filters_show(desk: Any) -> None:
    spain, france = make_placed(country="Spain"), make_placed(country="France")
    run_on_list(desk, f"{LIST}?country=Spain", bulk("hold", spain, select_across=1, reason="strike"))
    assert (reload(spain).hold_reason, reload(france).hold_reason) == ("strike", "")


def test_a_page_further_on_does_not_narrow_what_is_done(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.admin.OrderAdmin.list_per_page", 1)
    orders = [make_placed() for _ in range(3)]
    url = LIST + desk.get(LIST).context["cl"].next_url
    run_on_list(desk, url, bulk("hold", orders[1], select_across=1, reason="strike"))
    assert Order.objects.on_hold().count() == 3


def test_one_action_is_one_change_set_with_its_reason(desk: Any) -> None:
    orders = [make_placed(), make_placed()]
    run_on_list(desk, LIST, bulk("hold", *orders, reason="strike"))
    change_set = ChangeSet.objects.get(kind=ChangeSet.Kind.ACTION)
    assert (change_set.reason, change_set.counts["orders.order"]["~"]) == ("strike", 2)
    assert change_set.origin == "Action · Put on hold"


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_action_needs_its_permission(viewer: Any, signed_in: Any, method: str) -> None:
    order = make_placed()
    response = getattr(signed_in(viewer), method)(dialog(order, "ship"), {"confirmed": 1})
    assert response.status_code == 403
    assert reload(order).fulfilment_state == "unfulfilled"


def test_a_list_offers_only_what_one_may_do(viewer: Any, signed_in: Any) -> None:
    order = make_placed()
    signed_in(viewer).post(LIST, bulk("hold", order, confirmed=1, reason="strike"))
    assert not BulkRun.objects.exists()


def test_what_is_no_action_is_not_found(desk: Any) -> None:
    order = make_placed()
    assert desk.get(dialog(order, "delete")).status_code == 404
    assert desk.get(dialog(order, "save_model")).status_code == 404


def test_every_button_of_a_page_opens_its_dialog(manager: Any, signed_in: Any) -> None:
    client, order = signed_in(manager), make_placed()
    buttons = client.get(f"{LIST}{order.pk}/change/").context["buttons"]
    assert {"take_back", "follow_up"} <= {button.action.name for button in buttons}
    for button in buttons:
        page = client.get(button.url)
        assert page.status_code == 200, button.url
        assert 'id="dialog"' in page.content.decode()


def test_an_action_without_its_token_is_refused(operator: Any) -> None:
    from_elsewhere = Client(enforce_csrf_checks=True)
    from_elsewhere.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    order = make_placed()
    assert from_elsewhere.post(dialog(order, "hold"), {"confirmed": 1, "reason": "x"}).status_code == 403
