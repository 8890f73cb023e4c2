"""Pinned notes stand on top of the timeline."""

from typing import Any

import pytest

from backoffice.desk.timeline import timeline
from backoffice.notes.services import pin_note, withdraw_note, write_note
from tests.factories import make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(operator: Any, signed_in: Any) -> Any:
    return signed_in(operator)


def url(row: Any, page: str = "change") -> str:
    return f"/catalog/product/{row.pk}/{page}/"


def pinned(row: Any, user: Any, **options: Any) -> list[str]:
    return [entry.text for entry in timeline(row, user, **options).pinned]


def test_a_pinned_note_stands_on_top_of_the_first_page(desk: Any, operator: Any) -> None:
    product = make_product()
    for text in ("first", "second"):
        write_note(row=product, text=text)
    desk.post(url(product, "notes") + f"{product.notes.last().pk}/", {"pin": "1"})
    assert pinned(product, operator) == ["first"]
    page = desk.get(url(product)).content.decode()
    assert page.index("Pinned notes") < page.index("second")
    older = timeline(product, operator, size=1).older
    assert pinned(product, operator, place=older) == []


def test_a_pinned_note_is_let_go_again(desk: Any, operator: Any) -> None:
    product = make_product()
    note = write_note(row=product, text="first")
    pin_note(note=note, pinned=True)
    desk.post(url(product, "notes") + f"{note.pk}/", {"pin": "0"})
    assert pinned(product, operator) == []


def test_a_withdrawn_note_is_pinned_no_more(operator: Any) -> None:
    product = make_product()
    note = write_note(row=product, text="first")
    pin_note(note=note, pinned=True)
    withdraw_note(note=note)
    assert pinned(product, operator) == []
    with pytest.raises(Exception, match="was withdrawn"):
        pin_note(note=note, pinned=True)


@pytest.mark.parametrize("asked", ["pin", "withdraw"])
def test_what_one_may_not_do_with_a_note_is_refused_in_words(viewer: Any, signed_in: Any, asked: str) -> None:
    product = make_product()
    note = write_note(row=product, text="first")
    page = signed_in(viewer)
    assert f'name="{asked}"' not in page.get(url(product)).content.decode()
    response = page.post(url(product, "notes") + f"{note.pk}/", {asked: "1"}, follow=True)
    assert "desk-entry" in response.content.decode()
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert (reload(note).pinned_at, reload(note).withdrawn_at) == (None, None)
