"""The timeline of a row: one stream, newest first, with notes that are written there."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.desk.timeline import Entry, timeline
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.notes.models import Mail
from backoffice.notes.services import change_note, send_mail, withdraw_note, write_note
from catalog.models import Product
from catalog.services import receive_stock
from orders.services import record_payment, ship_order
from tests.factories import make_customer, make_draft, make_paid, make_placed, make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(operator: Any, signed_in: Any) -> Any:
    return signed_in(operator)


def url(row: Any, page: str = "change") -> str:
    return f"/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{page}/"


def entries(row: Any, user: Any, **options: Any) -> list[Entry]:
    return [entry for day in timeline(row, user, **options).days for group in day.groups for entry in group.entries]


def titles(row: Any, user: Any) -> list[str]:
    return [str(entry.title) for entry in entries(row, user)]


# The stream


def test_an_order_tells_changes_notes_payments_and_shipments_newest_first(manager: Any) -> None:
    with recording(kind="form"):
        order = make_placed()
    with recording(kind="action"):
        record_payment(order=order, amount=order.total)
    with recording(kind="action"):
        write_note(row=order, text="Call first", actor=manager)
    with recording(kind="action"):
        ship_order(order=reload(order))
    told = titles(order, manager)
    for title in ("Shipped", "Note", "Payment recorded", "Placed", "Created"):
        assert title in told
    paid = next(entry for entry in entries(order, manager) if entry.title == "Payment recorded")
    assert [(str(label), value) for label, value in paid.details] == [
        ("amount", str(order.total)),
        ("method", "Bank transfer"),
    ]
    assert told.index("Shipped") < told.index("Note") < told.index("Payment recorded") < told.index("Placed")
    times = [entry.at for entry in entries(order, manager)]
    assert times == sorted(times, reverse=True)


def test_what_one_change_set_did_stands_together(manager: Any) -> None:
    order = make_placed()
    with recording(kind="action", actor=manager):
        record_payment(order=order, amount=order.total)
    newest = timeline(order, manager).days[0].groups[0]
    assert {str(entry.title) for entry in newest.entries} == {"Payment recorded", "Changed"}
    assert newest.who == "Manager"


def test_a_customer_tells_what_happened_to_their_orders(manager: Any, viewer: Any) -> None:
    customer = make_customer()
    order = make_paid(customer=customer)
    paid = next(entry for entry in entries(customer, manager) if entry.title == "Payment recorded")
    assert paid.link == (f"/orders/order/{order.pk}/change/", f"order {order.number}")


def test_a_customer_tells_no_orders_to_whoever_may_not_see_them(manager: Any, operator: Any) -> None:
    customer = make_customer()
    make_paid(customer=customer)
    operator.groups.clear()
    assert "Payment recorded" not in titles(customer, type(operator).objects.get(pk=operator.pk))


def test_a_product_tells_its_stock_and_imports(manager: Any) -> None:
    product = make_product()
    receive_stock(product=product, quantity=5, reference="DN-7")
    with recording(kind="import", source="prices.csv", actor=manager):
        Product.objects.filter(pk=product.pk).update(price=Decimal("12.50"))
    newest, *_rest = told = entries(product, manager)
    assert (newest.title, newest.change_set_words) == ("Changed by an import", "Import · prices.csv")
    assert newest.fields == [("Price", "10.00", "12.50")]
    assert "Stock +5" in [entry.title for entry in told]


def test_days_have_headings(manager: Any) -> None:
    product = make_product()
    write_note(row=product, text="old", at=timezone.now() - timedelta(days=1))
    headings = [day.heading.split(",")[0] for day in timeline(product, manager).days]
    assert headings == ["Today", "Yesterday"]


def test_pages_join_without_gap_or_repetition(manager: Any) -> None:
    order = make_paid()
    for number in range(7):
        write_note(row=order, text=f"note {number}", at=timezone.now() - timedelta(minutes=number))
    whole = [(entry.source, entry.pk) for entry in entries(order, manager, size=200)]
    read, place = [], ""
    while True:
        page = timeline(order, manager, place=place, size=3)
        read += [(e.source, e.pk) for day in page.days for group in day.groups for e in group.entries]
        place = page.older
        if not place:
            break
    assert sorted(read) == sorted(whole)
    assert len(read) > 10


def test_a_page_costs_the_same_at_any_length(desk: Any) -> None:
    order = make_paid()
    counts = []
    for _round in range(2):
        for _time in range(30):
            write_note(row=order, text="again")
            type(order).objects.filter(pk=order.pk).update(channel=f"c{ChangeSet.objects.count()}")
        with CaptureQueriesContext(connection) as captured:
            desk.get(url(order, "timeline"))
        counts.append(len(captured))
    assert counts[1] <= counts[0]


def test_a_place_that_is_none_is_refused(desk: Any) -> None:
    assert desk.get(url(make_product(), "timeline") + "?place=1.2.3.4.5.6").status_code == 400
    assert desk.get(url(make_product(), "timeline") + "?place=drop").status_code == 400


@pytest.mark.parametrize("make", [make_draft, make_product, make_customer])
def test_the_page_of_a_row_shows_its_timeline(desk: Any, make: Any) -> None:
    row = make()
    page = desk.get(url(row)).content.decode()
    assert "What happened" in page
    assert f'action="{url(row, "notes")}"' in page


def test_whoever_may_not_see_the_row_sees_no_timeline(operator: Any, signed_in: Any) -> None:
    product = make_product()
    operator.groups.clear()
    assert signed_in(operator).get(url(product, "timeline")).status_code == 403
    assert signed_in(operator).post(url(product, "notes"), {"text": "x"}).status_code == 403


# Notes


@pytest.mark.parametrize("make", [make_draft, make_product, make_customer])
def test_a_note_is_written_in_the_timeline(desk: Any, operator: Any, make: Any) -> None:
    row = make()
    answer = desk.post(url(row, "notes"), {"text": " Mind the step ", "internal": "on"})
    assert answer.headers["Location"] == url(row) + "#timeline"
    note = row.notes.get()
    assert (note.text, note.internal, note.author) == ("Mind the step", True, operator)
    assert "Mind the step" in desk.get(url(row)).content.decode()


def test_a_note_that_the_customer_may_hear_is_marked(desk: Any) -> None:
    product = make_product()
    desk.post(url(product, "notes"), {"text": "Fits all"})
    assert not product.notes.get().internal
    assert "may be told" in desk.get(url(product)).content.decode()


def test_an_empty_note_is_refused_and_asked_again(desk: Any) -> None:
    product = make_product()
    answer = desk.post(url(product, "notes"), {"text": "  "})
    assert answer.status_code == 200
    assert not product.notes.exists()


def test_whoever_may_not_write_is_not_asked_and_refused(viewer: Any, signed_in: Any) -> None:
    product = make_product()
    client = signed_in(viewer)
    assert f'action="{url(product, "notes")}"' not in client.get(url(product)).content.decode()
    assert client.post(url(product, "notes"), {"text": "x"}).status_code == 403


def test_markup_in_a_note_is_text(desk: Any) -> None:
    product = make_product()
    write_note(row=product, text="<script>alert(1)</script> @operator")
    page = desk.get(url(product)).content.decode()
    assert "<script>alert" not in page
    assert '<span class="desk-mention">@operator</span>' in page


def test_a_changed_note_leaves_its_trace(desk: Any, operator: Any) -> None:
    product = make_product()
    note = write_note(row=product, text="Blue", actor=operator)
    desk.post(url(product, "notes") + f"{note.pk}/", {"text": "Green", "internal": "on"})
    (entry,) = [entry for entry in entries(product, operator) if entry.note]
    assert entry.text == "Green"
    assert entry.note is not None
    assert [version.text for version in entry.note.before] == ["Blue"]
    page = desk.get(url(product)).content.decode()
    assert "it said before" in page
    assert "Blue" in page


def test_a_withdrawn_note_says_so_and_no_more(desk: Any, operator: Any) -> None:
    product = make_product()
    note = write_note(row=product, text="Never mind", actor=operator)
    desk.post(url(product, "notes") + f"{note.pk}/", {"withdraw": "1"})
    page = desk.get(url(product)).content.decode()
    assert "Note withdrawn" in page
    assert "Never mind" not in page
    assert product.notes.get().history.filter(text="Never mind").exists()


def test_only_the_author_changes_a_note(desk: Any, manager: Any) -> None:
    order = make_draft()
    note = write_note(row=order, text="Mine", actor=manager)
    answer = desk.post(url(order, "notes") + f"{note.pk}/", {"text": "Yours", "internal": "on"}, follow=True)
    assert "Only who wrote a note changes it" in answer.content.decode()
    assert reload(note).text == "Mine"


def test_a_note_of_another_row_is_not_there(desk: Any, operator: Any) -> None:
    note = write_note(row=make_product(), text="x", actor=operator)
    other = make_product()
    assert desk.post(url(other, "notes") + f"{note.pk}/", {"text": "y"}).status_code == 404


# Mentions


def test_a_mention_tells_by_mail_and_stands_in_the_timeline(
    manager: Any, operator: Any, django_capture_on_commit_callbacks: Any
) -> None:
    order = make_draft()
    note = write_note(row=order, text="@operator please call", actor=manager)
    job = Job.objects.get(kind="notes.send_mail")
    assert run_job(job.pk) == Job.State.SUCCEEDED
    (message,) = mail.outbox
    assert message.to == [operator.email]
    assert "please call" in message.body
    assert note.mentions == [operator.pk]
    sent = next(entry for entry in entries(order, manager) if entry.source == "mails")
    assert (sent.title, sent.details[0][1]) == ("Mail sent", operator.email)


def test_a_mail_leaves_once(manager: Any, operator: Any) -> None:
    write_note(row=make_product(), text="@operator", actor=manager)
    (pk,) = Mail.objects.values_list("pk", flat=True)
    assert [send_mail(mail_id=pk), send_mail(mail_id=pk)] == [True, False]
    assert len(mail.outbox) == 1


def test_a_name_that_nobody_has_is_refused(desk: Any) -> None:
    product = make_product()
    answer = desk.post(url(product, "notes"), {"text": "@nobody.here look"})
    assert "Nobody here is called @nobody.here" in answer.content.decode()
    assert "@nobody.here look" in answer.content.decode()
    assert not product.notes.exists()


def test_an_address_and_oneself_are_no_mention(manager: Any) -> None:
    write_note(row=make_product(), text="write to ann@example.com, @manager", actor=manager)
    assert not Mail.objects.exists()


def test_a_changed_note_tells_those_who_were_not_told(manager: Any, operator: Any, viewer: Any) -> None:
    note = write_note(row=make_product(), text="@operator", actor=manager)
    change_note(note=note, text="@operator @viewer", internal=True, actor=manager)
    assert [each.recipients for each in Mail.objects.order_by("pk")] == [[operator.email], [viewer.email]]


def test_a_withdrawn_note_is_not_changed(manager: Any) -> None:
    note = write_note(row=make_product(), text="x", actor=manager)
    withdraw_note(note=note, actor=manager)
    with pytest.raises(Exception, match="was withdrawn"):
        change_note(note=note, text="y", internal=True, actor=manager)


# Reasons


def form_of(product: Product, **changed: Any) -> dict[str, Any]:
    known = {"sku": product.sku, "name": product.name, "status": product.status, "price": product.price}
    known |= {"tax_rate": product.tax_rate, "reorder_level": product.reorder_level, "tags": "", "description": ""}
    known |= {"movements-TOTAL_FORMS": 0, "movements-INITIAL_FORMS": 0, "_version": product.updated_at.isoformat()}
    return known | changed


def test_a_price_is_not_changed_without_a_reason(manager: Any, signed_in: Any) -> None:
    product = make_product(name="Tea", tax_rate=0)
    client = signed_in(manager)
    answer = client.post(url(product), form_of(product, price="11.00"))
    assert "Say why you change: Price." in answer.content.decode()
    assert reload(product).price == Decimal("10.00")
    client.post(url(product), form_of(product, price="11.00", _reason="dearer cocoa"))
    assert reload(product).price == Decimal("11.00")
    assert product.history.latest("history_id").history_change_reason == "dearer cocoa"


def test_other_fields_need_no_reason(manager: Any, signed_in: Any) -> None:
    product = make_product(name="Tea", tax_rate=0)
    signed_in(manager).post(url(product), form_of(product, name="Green tea"))
    assert reload(product).name == "Green tea"


def test_the_form_says_which_fields_need_one(manager: Any, signed_in: Any) -> None:
    assert "needed for: price, status" in signed_in(manager).get(url(make_product())).content.decode()


def test_an_action_that_the_settings_name_needs_a_reason(manager: Any, signed_in: Any, settings: Any) -> None:
    product, client = make_product(), signed_in(manager)
    asked = {"confirmed": "1", "quantity": "3"}
    settings.REASONS_REQUIRED = {"catalog.product": {"actions": ["receive"]}}
    client.post(url(product, "do/receive"), asked)
    assert reload(product).on_hand == 0
    client.post(url(product, "do/receive"), asked | {"reason": "found in the cellar"})
    assert reload(product).on_hand == 3
