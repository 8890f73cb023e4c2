"""A run beside the one before: rows that came, that went, and cells that changed."""

import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from catalog.models import Product
from catalog.services import count_stock, receive_stock
from reports.comparing import Comparison, Fate, compare
from reports.models import ReportRun
from reports.services import expire_runs, run_report
from tests.factories import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path


def run(actor: Any, **asked: Any) -> ReportRun:
    """Return a run of the value of the stock."""
    return run_report(actor=actor, **{"report": "stock-value", "given": {}, "file_format": "csv"} | asked)


def url(page: str, of: ReportRun) -> str:
    return reverse(f"admin:reports_reportrun_{page}", args=[of.pk])


@pytest.fixture
def changed(manager: Any) -> ReportRun:
    """A run before which one product got more, one went, one came and one stayed, of four at 2.50."""
    goods = [make_product(sku=sku, on_hand=4, price=Decimal("2.5"), cost=None) for sku in ("MORE", "GONE", "SAME")]
    run(manager, file_format="xlsx")
    receive_stock(product=goods[0], quantity=996)
    count_stock(product=goods[1], counted=0)
    make_product(sku="NEW", on_hand=2, price=Decimal(1), cost=None)
    return run(manager, file_format="json")


def told(comparison: Comparison) -> dict[Any, list[Any]]:
    """Return what is told of the rows that differ: SKU, units and value, each before and now."""
    columns = comparison.report.columns
    places = [[column.name for column in columns].index(name) for name in ("sku", "on_hand", "value_at_price")]
    return {each.fate: [each.cells(columns)[at] for at in places] for each in comparison.differences()}


def test_each_row_came_went_changed_or_stayed(changed: ReportRun, manager: Any) -> None:
    comparison = compare(changed, manager)

    assert told(comparison) == {
        Fate.CHANGED: [("MORE", "MORE"), (4, 1000), (Decimal(10), Decimal(2500))],
        Fate.ADDED: [("NEW", "NEW"), (2, 2), (Decimal(2), Decimal(2))],
        Fate.REMOVED: [("GONE", "GONE"), (4, 4), (Decimal(10), Decimal(10))],
    }
    assert comparison.counts == dict.fromkeys(Fate, 1)


def test_rows_are_matched_by_the_key_not_by_what_is_shown(changed: ReportRun, manager: Any) -> None:
    Product.objects.filter(sku="SAME").update(sku="RENAMED")

    comparison = compare(run(manager), manager)

    assert told(comparison) == {Fate.CHANGED: [("SAME", "RENAMED"), (4, 4), (Decimal(10), Decimal(10))]}


def test_the_run_before_is_the_newest_with_the_same_parameters(changed: ReportRun, manager: Any) -> None:
    for asked in ({"given": {"with_empty": "1"}}, {"report": "low-stock"}):
        run(manager, **asked)

    assert compare(run(manager), manager).before == changed


def test_relative_periods_are_compared_as_they_were_asked(manager: Any) -> None:
    asked = {"report": "sales-by-country", "given": {"period": "last_month"}}
    before = run(manager, **asked, now=timezone.now() - timedelta(days=62))
    run(manager, report="sales-by-country", given={"period": "this_month"})
    now = run(manager, **asked)

    assert compare(now, manager).before == before
    assert now.resolved != before.resolved


def test_a_run_that_one_may_not_open_is_left_out(changed: ReportRun, viewer: Any) -> None:
    with pytest.raises(ValidationError, match="no run before it"):
        compare(run(viewer), viewer)


def test_the_first_run_has_none_before_it(manager: Any) -> None:
    with pytest.raises(ValidationError, match="no run before it"):
        compare(run(manager), manager)


def test_a_run_whose_rows_are_gone_is_not_compared(
    changed: ReportRun, manager: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        expire_runs(at=timezone.now() + timedelta(days=91))
    assert not changed.rows_path.exists()
    changed.refresh_from_db()

    with pytest.raises(ValidationError, match="not kept any more"):
        compare(changed, manager)
    with pytest.raises(ValidationError, match="no run before it"):
        compare(run(manager), manager)


def test_more_rows_than_are_compared_are_refused(changed: ReportRun, manager: Any, settings: Any) -> None:
    settings.REPORT_COMPARED_ROWS = 2

    with pytest.raises(ValidationError, match="more than 2 rows"):
        compare(changed, manager)


def test_the_page_shows_what_was_beside_what_is(changed: ReportRun, manager: Any, signed_in: Any) -> None:
    client = signed_in(manager)
    assert url("compare", changed) in client.get(url("change", changed)).content.decode()

    page = " ".join(client.get(url("compare", changed)).content.decode().split())

    assert "</span>4</del> <ins>" in page
    assert "</span>1,000</ins>" in page
    for badge in ("Added 1", "Removed 1", "Changed 1", "Unchanged 1"):
        assert badge in page


def test_the_page_counts_what_it_does_not_show(changed: ReportRun, manager: Any, signed_in: Any, settings: Any) -> None:
    settings.REPORT_PAGE_ROWS = 1

    shown = signed_in(manager).get(url("compare", changed)).context["shown"]

    assert (len(shown.rows), shown.hidden) == (1, 2)


def test_the_differences_can_be_had_as_a_file(changed: ReportRun, manager: Any, signed_in: Any) -> None:
    answer = signed_in(manager).get(url("compare", changed), {"file": "xlsx"})

    rows = list(load_workbook(io.BytesIO(b"".join(answer))).active.values)
    assert rows[0][:3] == ("Row", "SKU, before", "SKU, now")
    assert {row[:3] for row in rows[1:]} == {
        ("Changed", "MORE", "MORE"),
        ("Added", None, "NEW"),
        ("Removed", "GONE", None),
    }


def test_without_a_run_before_the_page_says_so(manager: Any, signed_in: Any) -> None:
    only = run(manager)

    answer = signed_in(manager).get(url("compare", only), follow=True)

    assert answer.redirect_chain == [(url("change", only), 302)]
    assert "There is no run before it" in answer.content.decode()


def test_somebody_elses_run_is_not_compared(changed: ReportRun, viewer: Any, signed_in: Any) -> None:
    assert signed_in(viewer).get(url("compare", changed)).status_code == 403


def test_the_page_of_a_run_says_all_that_is_kept_of_it(changed: ReportRun, manager: Any, signed_in: Any) -> None:
    of_month = run(manager, report="sales-by-country", given={"period": "last_month"})

    page = signed_in(manager).get(url("change", of_month)).content.decode()

    for kept in ("Period: Last full month · Currency: GBP", str(of_month.period), of_month.sha256, str(manager)):
        assert kept in page
    for label in ("Data as of", "Rows", "Totals", "Took", "Kept until"):
        assert label in page
