"""Lists of large tables: every page, filter, sort and search reads about as many rows as it shows."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from backoffice.desk import changelist
from backoffice.desk.filters import DateRangeFilter, RelatedFilter, ValueFilter, YesNoFilter
from backoffice.desk.queues import capped_count
from tests.bulk import fill_journals, fill_shop

pytestmark = pytest.mark.django_db
ROWS = 4_000
PAGE = 10
READ = 600
# Where the count of a list stops in these tests; the counts of the tabs, all in one query, stop of themselves.
COUNTED = 500
COUNTING = 2_500
LISTS = [
    *("orders.order", "orders.payment", "orders.shipment", "orders.return"),
    *("catalog.product", "catalog.stockmovement", "customers.customer"),
    *("jobs.job", "spreadsheets.importjob", "reports.reportrun"),
]


@pytest.fixture(scope="module", autouse=True)
def large_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Fill the tables once for all tests of this module; the transaction around them is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        fill_shop(ROWS, products=ROWS)
        fill_journals(ROWS)
        with connection.cursor() as cursor:
            # Where an index serves, use it: tables of this size are read whole for less, those of a year are not.
            cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        transaction.set_rollback(True)


def rows_read(sql: str) -> int:
    """Return how many rows of tables a query reads, those it throws away included."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        found = cursor.fetchone()[0]
    plan = found if isinstance(found, list) else json.loads(found)
    return sum(read_by(node) for node in nodes(plan[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def read_by(node: dict[str, Any]) -> int:
    if "Relation Name" not in node:
        return 0
    thrown = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + thrown) * node["Actual Loops"])


def too_many(ask: Callable[[], Any], url: str) -> list[str]:
    """Return the queries of a page that read more rows than they may, and how many."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    found = []
    for sql in {query["sql"] for query in captured if query["sql"].startswith("SELECT")}:
        read = rows_read(sql)
        if read > (COUNTING if "COUNT(" in sql.upper() else READ):
            found.append(f"{url} reads {read:,} rows: {sql[:2000]}")
    return found


def queries_of(model_admin: Any) -> Iterator[dict[str, str]]:
    """Yield the parts of a list that its page offers: both ends, tabs, sorts, filters and searches."""
    yield from ({}, {"last": "1"})
    if model_admin.search_fields:
        yield {"q": "zzz nothing"}
    yield from ({"queue": queue.slug} for queue in model_admin.queues)
    for place, name in enumerate(model_admin.list_display):
        if name in model_admin.sortable_by:
            yield from ({"o": f"{sign}{place}", **end} for sign in ("", "-") for end in ({}, {"last": "1"}))
    for path, kind in model_admin.list_filter:
        yield from narrowed(model_admin.model, path, kind)
    for path in model_admin.search_fields:
        term = str(model_admin.model.objects.exclude(**{path: ""}).values_list(path, flat=True).order_by("pk")[10])
        yield from ({"q": words} for words in (term, term[:-1]))


def narrowed(model: Any, path: str, kind: Any) -> Iterator[dict[str, str]]:
    """Yield settings of a filter: what few rows have, and what most have."""
    few, most = (model.objects.order_by(by).values_list(path, flat=True).first() for by in ("pk", "-pk"))
    if kind is DateRangeFilter:
        old, late = (model.objects.order_by("pk").values_list(path, flat=True)[place] for place in (10, ROWS - 10))
        yield from (
            {f"{path}_to": f"{old:%Y-%m-%d}"},
            {f"{path}_from": f"{late:%Y-%m-%d}"},
            {f"{path}_to": "2027-01-01"},
        )
    elif kind is YesNoFilter:
        yield from ({f"{path}__exact": "1"}, {f"{path}__exact": "0"})
    elif kind is RelatedFilter:
        yield {f"{path}__{model._meta.get_field(path).target_field.name}__exact": str(few or 1)}
    else:
        name = path if kind is ValueFilter else f"{path}__exact"
        yield from ({name: few}, {name: most})


@pytest.mark.parametrize("label", LISTS)
def test_every_part_of_a_list_reads_about_as_many_rows_as_it_shows(
    label: str, administrator: Any, signed_in: Any, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_admin: Any = admin.site.get_model_admin(apps.get_model(label))
    monkeypatch.setattr(model_admin, "list_per_page", PAGE)
    monkeypatch.setattr(changelist, "capped_count", partial(capped_count, limit=COUNTED))
    client, address = signed_in(administrator), model_admin.url("changelist")
    slow = too_many(lambda: client.get(address), address)

    for part in queries_of(model_admin):
        request = rf.get(address, part)
        request.user = administrator
        slow += too_many(lambda: model_admin.get_changelist_instance(request), urlencode(part))  # noqa: B023

    assert not slow, "\n".join(slow)
