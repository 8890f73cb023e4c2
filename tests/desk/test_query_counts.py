"""What pages cost the database: every list at 3 and at 300 rows, forms with few and many lines, the home page.

Counted is all that a request asks after it is known who asks: not the session, not the person, not savepoints.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from model_bakery import baker

from backoffice.accounts.models import ApiToken, Membership, User
from backoffice.bulk.models import BulkRun
from backoffice.bulk.operations import Edit
from backoffice.bulk.plans import plan_edits
from backoffice.changes.models import ChangeSet
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter, ValueFilter, YesNoFilter
from backoffice.desk.screens.imports import StateFilter
from backoffice.desk.written import WrittenFilter
from backoffice.jobs.models import Job, JobSchedule
from backoffice.spreadsheets.models import ExportFile, ExportSchedule, ExportTemplate, ImportJob, ImportProfile
from catalog.models import Category, Product, StockMovement
from customers.models import Address, Customer
from orders.models import Order, Payment, Return, Shipment
from orders.services import LineDraft
from reports.models import ReportRun, ReportSchedule
from tests.bulk import fill
from tests.factories import make_completed, make_customer, make_draft, make_placed, make_product
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db
CEILING = 8
FEW, MANY = 3, 300
# Rows a page, so that 300 of them are several pages.
PAGE = 25
THE_PERSON = 'SELECT "accounts_user"."id", "accounts_user"."password"'


# How each list is filled, in this order, by columns over `i`: every row with a related row of its own, so that a query
# for each would be seen, and all of them alike, so that few and many find the same.
FILL: dict[type[Any], dict[str, str]] = {
    User: {"id": "i + 1000", "email": "'person' || i || '@example.com'"},
    Group: {"id": "i + 1000", "name": "'Role ' || i"},
    Membership: {"id": "i + 1000", "user_id": "i + 1000", "group_id": "i + 1000"},
    ApiToken: {"owner_id": "i + 1000", "name": "'Shop'", "scopes": "'{orders}'", "digest": "md5(i::text)"},
    AccessAttempt: {"ip_address": "'127.0.0.1'"},
    Category: {"name": "'Category ' || i", "parent_id": "nullif(i - 1, 0)"},
    Product: {"sku": "'P' || i", "name": "'Thing'", "category_id": "i", "status": "'active'"},
    StockMovement: {"product_id": "i", "delta": "1", "reason": "'receipt'"},
    Customer: {"number": "'C' || i", "name": "'Ada'", "country": "'Spain'"},
    Order: {
        "number": "'SO-' || i",
        "customer_id": "i",
        "email": "'ada@example.com'",
        "country": "'Spain'",
        "currency": "'GBP'",
        "status": "'completed'",
        "payment_state": "'paid'",
        "fulfilment_state": "'fulfilled'",
        "historical": "true",
        "placed_at": "now()",
    },
    Payment: {"order_id": "i", "kind": "'capture'", "state": "'succeeded'", "amount": "1", "idempotency_key": "i"},
    Shipment: {"order_id": "i"},
    Return: {"order_id": "i"},
    ReportRun: {"report": "'sales-by-month'", "format": "'csv'", "requested_by_id": "i + 1000"},
    ReportSchedule: {
        "id": "i + 1000",
        "name": "'Weekly ' || i",
        "report": "'sales-by-month'",
        "cron": "'0 6 * * *'",
        "owner_id": "i + 1000",
    },
    ChangeSet: {
        "id": "i + 1000",
        "actor_id": "i + 1000",
        "kind": "'form'",
        "counts": """'{"catalog.product": {"~": 1}}'""",
    },
    BulkRun: {
        "model_label": "'catalog.product'",
        "title": "'Price: +5 %'",
        "state": "'done'",
        "finished_at": "now()",
        "actor_id": "i + 1000",
        "change_set_id": "i + 1000",
        "change_key": "gen_random_uuid()",
        "digest": "''",
    },
    ImportProfile: {"resource": "'products'", "name": "'Profile ' || i", "owner_id": "i + 1000"},
    ImportJob: {"resource": "'products'", "state": "'checked'", "owner_id": "i + 1000", "filename": "'a.csv'"},
    ExportTemplate: {
        "id": "i + 1000",
        "name": "'Prices ' || i",
        "model_label": "'catalog.product'",
        "columns": "ARRAY['sku']",
        "shared": "true",
        "owner_id": "i + 1000",
    },
    ExportSchedule: {
        "id": "i + 1000",
        "title": "'Prices ' || i",
        "template_id": "i + 1000",
        "cron": "'0 6 * * *'",
        "owner_id": "i + 1000",
        "recipients": "ARRAY['ada@example.com']",
    },
    ExportFile: {
        "model_label": "'catalog.product'",
        "columns": "ARRAY['sku']",
        "owner_id": "i + 1000",
        "template_id": "i + 1000",
        "schedule_id": "i + 1000",
    },
    Job: {"kind": "'tests.write'", "key": "i", "state": "'queued'", "max_attempts": "1", "asked_by_id": "i + 1000"},
    JobSchedule: {"id": "i + 1000", "name": "'Nightly ' || i", "kind": "'tests.write'", "last_job_id": "i"},
}
# What a filter of each sort adds to the address when it is in use.
IN_USE: dict[type[Any], str] = {
    ChoiceFilter: "{name}__exact={choice}",
    StateFilter: "{name}__exact={choice}",
    YesNoFilter: "{name}__exact=0",
    RelatedFilter: "{name}__id__exact=2",
    ValueFilter: "{name}=Spain",
    DateRangeFilter: "{name}_from=2020-01-01&{name}_to=2040-01-01",
    WrittenFilter: "written=catalog.product",
}


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
        known = next(each for each in sort.__mro__ if each in IN_USE)
        yield "?" + IN_USE[known].format(name=name, choice=next(iter(choices))[0])
    yield from (f"?queue={queue.slug}" for queue in desk.queues)


def costs(client: Any, model: Any, rows: int) -> dict[str, list[str]]:
    """Return what each address of a list of so many rows asks, and its second page, where it has one."""
    url = admin.site.get_model_admin(model).url("changelist")
    with transaction.atomic():
        for table, columns in FILL.items():
            fill(table, rows, **columns)
        found = {query: queries_of(client, f"{url}{query}") for query in addresses(model)}
        if following := client.get(url).context["cl"].next_url:
            found["page 2"] = queries_of(client, f"{url}{following}")
        transaction.set_rollback(True)
    return found


def test_every_list_is_measured() -> None:
    assert set(FILL) >= set(admin.site._registry)


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
def test_a_list_costs_as_much_at_three_hundred_rows_as_at_three(
    desk: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site.get_model_admin(model), "list_per_page", PAGE)
    few, many = costs(desk, model, FEW), costs(desk, model, MANY)
    assert "page 2" in many
    assert {query: len(asked) for query, asked in many.items() if len(asked) > CEILING} == {}
    # More pages than one need a count, capped, where a single page is counted by looking at it.
    assert {query for query in few if len(many[query]) > len(few[query]) + 1} == set()
    asked = [sql for queries in many.values() for sql in queries]
    assert [sql for sql in asked if " OFFSET " in sql.upper()] == []
    assert [sql for sql in asked if "COUNT(*)" in sql.upper() and "LIMIT" not in sql.upper()] == []


def placed_of(lines: int) -> Order:
    return make_placed(*(LineDraft(make_product(on_hand=1), 1) for _line in range(lines)))


def draft_of(lines: int) -> Order:
    return make_draft(*(LineDraft(make_product(), 1) for _line in range(lines)))


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
    person = User.objects.create(email=f"{roles}.roles@example.com")
    for _role in range(roles):
        baker.make(Membership, user=person, group=baker.make(Group))
    return person


@pytest.mark.parametrize("make", [placed_of, draft_of, customer_with, product_with, person_with])
def test_a_form_costs_as_much_with_fifty_lines_as_with_three(desk: Any, make: Callable[[int], Any]) -> None:
    found = []
    for lines in (3, 50):
        row = make(lines)
        found.append(len(queries_of(desk, admin.site.get_model_admin(type(row)).url_of(row))))
    assert found[1] <= found[0]


@pytest.mark.parametrize("make", [make_completed, make_customer, lambda: make_product(on_hand=1)])
def test_an_opened_row_costs_little(desk: Any, make: Callable[[], Any]) -> None:
    row = make()
    assert len(queries_of(desk, admin.site.get_model_admin(type(row)).url("sections", row.pk))) <= CEILING


def preview_of(rows: int) -> BulkRun:
    pks = [make_product(barcode="1" * (number % 2)).pk for number in range(rows)]
    edit = Edit(Product._meta.get_field("barcode"), "set", "12")
    return plan_edits(model=Product, pks=pks, edits=[edit], actor=User.objects.get(), refuses=lambda row: row.barcode)


def test_a_preview_costs_as_much_with_fifty_rows_as_with_three(desk: Any) -> None:
    few, many = (queries_of(desk, f"/bulk/bulkrun/{preview_of(rows).pk}/change/") for rows in (3, 50))
    assert len(many) <= len(few) <= CEILING + 2


def test_the_home_page_costs_little(desk: Any) -> None:
    for _order in range(FEW):
        make_completed()
    assert len(queries_of(desk, "/")) <= CEILING
