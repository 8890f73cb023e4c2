"""What pages cost the database: every list at 3 and at 300 rows, forms with few and many lines, the home page.

Counted is all that a request asks after it is known who asks: not the session, not the person, not savepoints.
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from model_bakery import baker

from backoffice.accounts.models import ApiToken, Membership, User
from backoffice.accounts.services import issue_token
from backoffice.changes.models import ChangeSet
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter, ValueFilter, YesNoFilter
from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.models import ImportJob
from catalog.models import Category, Product, StockMovement
from customers.models import Address, Customer
from orders.models import Order, Payment, Return, Shipment
from orders.services import LineDraft
from reports.models import ReportRun, ReportSchedule
from tests.factories import make_historical, make_placed, make_product
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db
CEILING = 8
FEW, MANY = 3, 300
THE_PERSON = 'SELECT "accounts_user"."id", "accounts_user"."password"'
_numbers = itertools.count(1)


def an_order() -> Order:
    when = datetime(2026, 11, 1, tzinfo=UTC)
    return make_historical(customer=baker.make(Customer), country="Spain", placed_at=when, email="ada@example.com")


def of_an_order(model: Any, **fields: Any) -> Callable[[], Any]:
    return lambda: baker.make(model, order=an_order(), **fields)


# How a row of each list is made, with a related row of its own, so that a query for each would be seen.
MAKE: dict[type[Any], Callable[[], Any]] = {
    Product: lambda: make_product(category=baker.make(Category, name=f"Within {next(_numbers)}")),
    Category: lambda: baker.make(
        Category, name=f"C {next(_numbers)}", parent=baker.make(Category, name=f"P {next(_numbers)}")
    ),
    StockMovement: lambda: make_product(on_hand=1),
    Customer: lambda: baker.make(Customer, country="Spain"),
    Order: an_order,
    Payment: of_an_order(Payment, kind="capture", state="succeeded", amount=1, settled_at=datetime.now(UTC)),
    Shipment: of_an_order(Shipment),
    Return: of_an_order(Return),
    ReportRun: lambda: baker.make(
        ReportRun, report="sales-by-month", format="csv", requested_by=a_person(), parameters={}, resolved={}
    ),
    ReportSchedule: lambda: baker.make(
        ReportSchedule, name=f"s{next(_numbers)}", report="sales-by-month", cron="0 6 * * *", owner=a_person()
    ),
    ChangeSet: lambda: baker.make(ChangeSet, actor=a_person(), kind="form", counts={"catalog.product": {"+": 1}}),
    ImportJob: lambda: baker.make(ImportJob, resource="products", state="checked", owner=a_person(), filename="a.csv"),
    Job: lambda: enqueue_job(kind="tests.write", asked_by=a_person()),
    JobSchedule: lambda: baker.make(JobSchedule, name=f"s{next(_numbers)}", last_job=enqueue_job(kind="tests.write")),
    User: lambda: baker.make(Membership, user=a_person(), group=Group.objects.get(name="Viewer")),
    Group: lambda: baker.make(Membership, user=a_person(), group=baker.make(Group)),
    ApiToken: lambda: issue_token(owner=a_person(), name="Shop", scopes=["orders"]),
    AccessAttempt: lambda: baker.make(AccessAttempt),
}
# What a filter of each sort adds to the address when it is in use.
IN_USE: dict[type[Any], str] = {
    ChoiceFilter: "{name}__exact={choice}",
    YesNoFilter: "{name}__exact=0",
    RelatedFilter: "{name}__id__exact=1",
    ValueFilter: "{name}=Spain",
    DateRangeFilter: "{name}_from=2020-01-01&{name}_to=2040-01-01",
}


def a_person() -> User:
    return User.objects.create(email=f"person{next(_numbers)}@example.com")


@pytest.fixture
def desk(administrator: Any, signed_in: Any) -> Any:
    return signed_in(administrator)


def queries_of(client: Any, url: str) -> list[str]:
    """Return what a page asks the database when nothing of it is cached."""
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200, url
    asked = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    return [sql for sql in asked if not sql.startswith(('SELECT "django_session"', THE_PERSON))]


def addresses(model: Any) -> Iterator[str]:
    """Yield the list of a model: plain, from its end, searched, with each filter in use, and each of its queues."""
    desk = admin.site.get_model_admin(model)
    yield from ("", "?last=1", *(["?q=a"] if desk.search_fields else []))
    for name, sort in desk.list_filter:
        choices = model._meta.get_field(name).choices or [("", "")]
        yield "?" + IN_USE[sort].format(name=name, choice=next(iter(choices))[0])
    yield from (f"?queue={queue.slug}" for queue in desk.queues)


def costs(client: Any, model: Any) -> dict[str, list[str]]:
    """Return what each address of a list asks, and its second page, where it has one."""
    url = admin.site.get_model_admin(model).url("changelist")
    found = {query: queries_of(client, f"{url}{query}") for query in addresses(model)}
    if following := client.get(url).context["cl"].next_url:
        found["page 2"] = queries_of(client, f"{url}{following}")
    return found


def test_every_list_is_measured() -> None:
    assert set(MAKE) == set(admin.site._registry)


@pytest.mark.parametrize("model", list(MAKE), ids=lambda model: model._meta.label)
def test_a_list_costs_as_much_at_three_hundred_rows_as_at_three(desk: Any, model: Any) -> None:
    for _row in range(FEW):
        MAKE[model]()
    few = costs(desk, model)
    for _row in range(MANY - FEW):
        MAKE[model]()
    many = costs(desk, model)
    assert "page 2" in many
    assert {query: len(asked) for query, asked in many.items() if len(asked) > CEILING} == {}
    # More pages than one need a count, capped, where a single page is counted by looking at it.
    assert {query for query in few if len(many[query]) > len(few[query]) + 1} == set()
    asked = [sql for queries in many.values() for sql in queries]
    assert [sql for sql in asked if " OFFSET " in sql.upper()] == []
    assert [sql for sql in asked if "COUNT(*)" in sql.upper() and "LIMIT" not in sql.upper()] == []


def placed_of(lines: int) -> Order:
    return make_placed(*(LineDraft(make_product(on_hand=1), 1) for _line in range(lines)))


def customer_with(addresses: int) -> Customer:
    customer: Customer = baker.make(Customer)
    baker.make(Address, customer=customer, _quantity=addresses)
    return customer


def product_with(movements: int) -> Product:
    product = make_product(on_hand=1)
    for _movement in range(movements):
        StockMovement.objects.create(product=product, delta=1, reason="receipt")
    return product


def person_with(roles: int) -> User:
    person = a_person()
    for _role in range(roles):
        baker.make(Membership, user=person, group=baker.make(Group))
    return person


@pytest.mark.parametrize("make", [placed_of, customer_with, product_with, person_with])
def test_a_form_costs_as_much_with_fifty_lines_as_with_three(desk: Any, make: Callable[[int], Any]) -> None:
    found = []
    for lines in (3, 50):
        row = make(lines)
        found.append(len(queries_of(desk, admin.site.get_model_admin(type(row)).url_of(row))))
    assert found[1] <= found[0]


@pytest.mark.parametrize("model", [Order, Customer, Product], ids=lambda model: model._meta.label)
def test_an_opened_row_costs_little(desk: Any, model: Any) -> None:
    MAKE[model]()
    row = model.objects.latest("pk")
    assert len(queries_of(desk, admin.site.get_model_admin(model).url("sections", row.pk))) <= CEILING


def test_the_home_page_costs_little(desk: Any) -> None:
    for _order in range(FEW):
        an_order()
    assert len(queries_of(desk, "/")) <= CEILING
