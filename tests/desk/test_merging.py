"""Two people change one row: what only one of them changed stands, on the rest the one who saves last decides."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from catalog.models import Category, Product
from customers.models import Address, Customer
from orders.models import Order
from orders.services import LineDraft
from tests.factories import make_customer, make_draft, make_product, reload

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def url(row: Any) -> str:
    return f"/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def as_sent(value: Any) -> Any:
    """Return a value as the field that shows it would send it."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return ", ".join(value) if isinstance(value, list) else value


def posted_by(form: Any) -> dict[str, Any]:
    """Return what a browser would send of a form that is shown."""
    values = {form.add_prefix(name): as_sent(form[name].value()) for name in form.fields}
    sent = {name: value for name, value in values.items() if value is not None and value is not False}
    return sent | ({form.add_prefix("_version"): form.version} if form.version else {})


def page_of(response: Any) -> dict[str, Any]:
    """Return what the form of a page would send, rows below and what it carries along among it."""
    sent = posted_by(response.context["adminform"].form)
    for inline in response.context["inline_admin_formsets"]:
        management = inline.formset.management_form
        sent |= {management.add_prefix(name): management[name].value() for name in management.fields}
        for form in inline.formset.forms:
            sent |= posted_by(form)
    for question in response.context["questions"]:
        sent |= dict(question.carried)
    return sent


def save(desk: Any, row: Any, page: dict[str, Any], **typed: Any) -> Any:
    return desk.post(url(row), page | typed, follow=True)


def by_ada(row: Any, **fields: Any) -> None:
    """Let a colleague change `row`."""
    with recording(kind="form", actor_label="Ada"):
        type(row).objects.filter(pk=row.pk).update(**fields)


def words(response: Any) -> str:
    return unescape(response.content.decode())


@pytest.fixture
def product() -> Product:
    return make_product(name="Bowl", price=Decimal("2.50"), description="Blue")


@pytest.fixture
def page(desk: Any, product: Product) -> dict[str, Any]:
    """The form of the product, as it was before a colleague saved it."""
    return page_of(desk.get(url(product)))


def test_changes_to_different_fields_are_both_saved(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    response = save(desk, product, page, description="Green")
    assert (reload(product).name, reload(product).description) == ("Dish", "Green")
    assert "Ada changed this in the meantime: Name. Their change stands." in words(response)
    assert "was changed successfully" in words(response)


def test_what_a_colleague_changed_stands_whatever_sort_of_field(desk: Any, product: Product) -> None:
    page = page_of(desk.get(url(product)))
    theirs = {
        "category": Category.objects.create(name="Rugs"),
        "price": Decimal("3.7500"),
        "allow_backorder": True,
        "tags": ["new", "blue"],
        "status": "draft",
        "reorder_level": 7,
        "description": "Two\nlines",
    }
    by_ada(product, **theirs)
    save(desk, product, page, name="Cup")
    assert {name: getattr(reload(product), name) for name in theirs} == theirs
    assert reload(product).name == "Cup"


def test_a_merged_save_is_one_change_set_of_a_form(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    before = ChangeSet.objects.count()
    save(desk, product, page, description="Green")
    assert ChangeSet.objects.count() == before + 1
    assert ChangeSet.objects.latest("pk").kind == ChangeSet.Kind.FORM


def test_a_field_that_both_changed_is_asked_about_and_nothing_is_written(
    desk: Any, product: Product, page: dict[str, Any]
) -> None:
    by_ada(product, price=Decimal("3.75"))
    response = save(desk, product, page, price="1250", name="Cup", _reason="dearer")
    (question,) = response.context["questions"]
    assert (question.label, question.was, question.theirs, question.mine) == ("Price", "2.50", "3.75", "1,250.00")
    assert question.by.who == "Ada"
    assert (reload(product).price, reload(product).name) == (Decimal("3.7500"), "Bowl")
    form = response.context["adminform"].form
    assert (form["price"].value(), form["name"].value()) == ("1250", "Cup")
    assert response.context["posted_reason"] == "dearer"
    assert 'type="radio" name="_keep-price" value="mine">' in words(response)


def test_related_rows_and_choices_are_asked_about_by_name(desk: Any, product: Product) -> None:
    rugs, lamps = (Category.objects.create(name=name) for name in ("Rugs", "Lamps"))
    page = page_of(desk.get(url(product)))
    by_ada(product, category=rugs, status="draft")
    response = save(desk, product, page, category=lamps.pk, status="archived")
    asked = {question.label: (question.theirs, question.mine) for question in response.context["questions"]}
    assert asked == {"Category": ("Rugs", "Lamps"), "Status": ("Draft", "Archived")}


def test_a_value_that_is_none_is_asked_about_as_it_was_typed(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, price=Decimal("3.75"))
    response = save(desk, product, page, price="a lot")
    assert [question.mine for question in response.context["questions"]] == ["a lot"]


@pytest.mark.parametrize(("answer", "stands"), [("mine", "Cup"), ("theirs", "Dish")])
def test_the_answer_is_applied_to_the_newest_version(
    desk: Any, product: Product, page: dict[str, Any], answer: str, stands: str
) -> None:
    by_ada(product, name="Dish")
    asked = save(desk, product, page, name="Cup", description="Green")
    save(desk, product, page_of(asked), **{"_keep-name": answer})
    assert (reload(product).name, reload(product).description) == (stands, "Green")


@pytest.mark.parametrize("answer", ["", "both"])
def test_without_an_answer_it_is_asked_again(desk: Any, product: Product, page: dict[str, Any], answer: str) -> None:
    by_ada(product, name="Dish")
    asked = save(desk, product, page, name="Cup")
    again = save(desk, product, page_of(asked), **{"_keep-name": answer})
    assert [(question.was, question.mine) for question in again.context["questions"]] == [("Bowl", "Cup")]
    assert reload(product).name == "Dish"


def test_a_third_change_is_asked_about_again(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    asked = save(desk, product, page, name="Cup")
    by_ada(product, name="Plate")
    again = save(desk, product, page_of(asked), **{"_keep-name": "mine"})
    assert [(each.was, each.theirs, each.mine) for each in again.context["questions"]] == [("Bowl", "Plate", "Cup")]
    assert reload(product).name == "Plate"
    save(desk, product, page_of(again), **{"_keep-name": "mine"})
    assert reload(product).name == "Cup"


def test_a_third_change_to_another_field_leaves_the_answer_as_it_is(
    desk: Any, product: Product, page: dict[str, Any]
) -> None:
    by_ada(product, name="Dish")
    asked = save(desk, product, page, name="Cup")
    by_ada(product, description="Red")
    save(desk, product, page_of(asked), **{"_keep-name": "mine"})
    assert (reload(product).name, reload(product).description) == ("Cup", "Red")


def test_what_one_chooses_may_be_typed_anew(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    asked = save(desk, product, page, name="Cup")
    save(desk, product, page_of(asked) | {"name": "Bowl"}, **{"_keep-name": "mine"})
    assert reload(product).name == "Bowl"


def test_the_same_change_twice_is_no_question(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    save(desk, product, page, name="Dish", description="Green")
    assert (reload(product).name, reload(product).description) == ("Dish", "Green")


def test_a_page_that_changed_nothing_undoes_nothing(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    versions = product.history.count()
    save(desk, product, page)
    assert (reload(product).name, product.history.count()) == ("Dish", versions)


def test_a_merged_change_wants_its_reason(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, name="Dish")
    refused = save(desk, product, page, price="3.00")
    assert "Say why you change: Price" in words(refused)
    assert refused.context["adminform"].form["name"].value() == "Dish"
    save(desk, product, page_of(refused), _reason="dearer")
    assert (reload(product).name, reload(product).price) == ("Dish", Decimal("3.0000"))


def test_a_colleague_s_price_wants_no_reason_of_mine(desk: Any, product: Product, page: dict[str, Any]) -> None:
    by_ada(product, price=Decimal("3.75"))
    save(desk, product, page, name="Cup")
    assert reload(product).name == "Cup"


def test_where_the_version_of_the_page_is_forgotten_the_change_is_refused(
    desk: Any, product: Product, page: dict[str, Any]
) -> None:
    by_ada(product, name="Dish")
    response = save(desk, product, page, description="Green", _version="2000-01-01T00:00:00+00:00")
    assert "open the page again and make your change there" in words(response)
    assert reload(product).description == "Blue"


def test_a_revert_asks_about_what_changed_since_it_was_opened(desk: Any, product: Product) -> None:
    first = product.history.earliest("history_id").history_id
    by_ada(product, name="Dish")
    address = f"{url(product)}?version={first}"
    page = page_of(desk.get(address))
    by_ada(product, name="Plate")
    asked = desk.post(address, page)
    assert [(each.theirs, each.mine) for each in asked.context["questions"]] == [("Plate", "Bowl")]
    desk.post(address, page_of(asked) | {"_keep-name": "mine"})
    assert reload(product).name == "Bowl"


# Rows below


@pytest.fixture
def address() -> Address:
    return reload(Address.objects.create(customer=make_customer(name="Ada"), line1="1 Old Road", city="York"))


@pytest.fixture
def customer(address: Address) -> Customer:
    return address.customer


@pytest.fixture
def book(desk: Any, customer: Customer) -> dict[str, Any]:
    """The form of the customer with one address."""
    return page_of(desk.get(url(customer)))


def test_changes_to_different_fields_of_a_row_below_are_both_saved(
    desk: Any, customer: Customer, address: Address, book: dict[str, Any]
) -> None:
    by_ada(address, city="Leeds")
    response = save(desk, customer, book, **{"addresses-0-line1": "3 My Road"})
    assert (reload(address).city, reload(address).line1) == ("Leeds", "3 My Road")
    assert "Town or city. Their change stands." in words(response)


def test_a_field_of_a_row_below_that_both_changed_is_asked_about(
    desk: Any, customer: Customer, address: Address, book: dict[str, Any]
) -> None:
    by_ada(address, city="Leeds")
    asked = save(desk, customer, book, name="Bea", **{"addresses-0-city": "Hull"})
    (question,) = asked.context["questions"]
    assert (question.name, question.theirs, question.mine) == ("addresses-0-_keep-city", "Leeds", "Hull")
    assert (reload(address).city, reload(customer).name) == ("Leeds", "Ada")
    save(desk, customer, page_of(asked), **{question.name: "mine"})
    assert (reload(address).city, reload(customer).name) == ("Hull", "Bea")


@pytest.mark.parametrize(("answer", "left"), [("mine", 0), ("theirs", 1), ("", 1)])
def test_a_row_below_that_somebody_changed_is_not_deleted_unasked(
    desk: Any, customer: Customer, address: Address, book: dict[str, Any], answer: str, left: int
) -> None:
    by_ada(address, city="Leeds")
    asked = save(desk, customer, book, **{"addresses-0-DELETE": "on"})
    assert [each.theirs for each in asked.context["questions"]] == ["Town or city: Leeds"]
    assert Address.objects.count() == 1
    again = save(desk, customer, page_of(asked), **{"addresses-0-_keep-DELETE": answer})
    assert Address.objects.count() == left
    assert ("questions" in again.context and len(again.context["questions"])) == (0 if answer else 1)


def delete_by_ada(address: Address) -> None:
    with recording(kind="form", actor_label="Ada"):
        Address.objects.filter(pk=address.pk).delete()


def test_a_row_below_that_is_gone_stays_gone_if_one_did_not_touch_it(
    desk: Any, customer: Customer, address: Address, book: dict[str, Any]
) -> None:
    Address.objects.create(customer=customer, line1="2 New Road")
    book = page_of(desk.get(url(customer)))
    delete_by_ada(address)
    response = save(desk, customer, book, name="Bea", **{"addresses-1-line1": "3 My Road"})
    assert reload(customer).name == "Bea"
    assert [each.line1 for each in Address.objects.all()] == ["3 My Road"]
    assert "deleted. Their change stands." in words(response)


@pytest.mark.parametrize(("answer", "left"), [("mine", ["3 My Road"]), ("theirs", [])])
def test_a_row_below_that_is_gone_is_added_again_only_if_one_says_so(
    desk: Any, customer: Customer, address: Address, book: dict[str, Any], answer: str, left: list[str]
) -> None:
    delete_by_ada(address)
    asked = save(desk, customer, book, name="Bea", **{"addresses-0-line1": "3 My Road"})
    (question,) = asked.context["questions"]
    assert (question.theirs, question.mine, question.by.who) == ("Deleted", "Address: 3 My Road", "Ada")
    assert not Address.objects.exists()
    again = save(desk, customer, page_of(asked))
    assert [each.mine for each in again.context["questions"]] == ["Address: 3 My Road"]
    save(desk, customer, page_of(again), **{question.name: answer})
    assert [each.line1 for each in Address.objects.all()] == left
    assert reload(customer).name == "Bea"


def test_a_row_of_somebody_else_is_nothing_to_ask_about(desk: Any, customer: Customer, book: dict[str, Any]) -> None:
    other = Address.objects.create(customer=make_customer(), line1="Secret Road")
    delete_by_ada(other)
    response = save(desk, customer, book, **{"addresses-0-id": other.pk, "addresses-0-line1": "x"})
    assert response.context["questions"] == []
    assert "Secret" not in words(response)


# Lines of a draft


def test_lines_that_a_colleague_added_and_changed_stay(desk: Any) -> None:
    order = make_draft(LineDraft(make_product(), 1), LineDraft(make_product(), 1))
    first, second = order.lines.all()
    page = page_of(desk.get(url(order)))
    by_ada(second, quantity=7)
    other = make_draft(LineDraft(make_product(sku="NEW"), 3)).lines.get()
    by_ada(other, order=order, position=3)
    save(desk, order, page, **{"lines-0-quantity": 4})
    assert [line.quantity for line in reload(order).lines.all()] == [4, 7, 3]
    assert reload(first).quantity == 4
    assert reload(order).subtotal == sum(line.total for line in order.lines.all())


def test_a_line_with_a_cleared_price_takes_that_of_its_product(desk: Any) -> None:
    order: Order = make_draft(LineDraft(make_product(price=Decimal("5.00")), 2, unit_price=Decimal("4.00")))
    dear = make_product(price=Decimal("9.00"), tax_rate=Decimal(20))
    page = page_of(desk.get(url(order)))
    save(desk, order, page, **{"lines-0-product": dear.pk, "lines-0-unit_price": "", "lines-0-discount": ""})
    line = order.lines.get()
    assert (line.unit_price, line.tax_rate, line.discount) == (Decimal("9.0000"), Decimal("20.00"), Decimal(0))
    assert reload(order).subtotal == Decimal("18.00")
