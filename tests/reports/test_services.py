"""Runs of reports: who may, what is kept, and for how long."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from backoffice.changes.refusals import RefusedError
from reports.models import ReportRun, ReportSchedule
from reports.schedules import DAILY_SALES, sync_schedules
from reports.services import (
    can_open_run,
    expire_runs,
    fail_run,
    produce_run,
    request_run,
    request_scheduled_run,
    run_report,
)
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    """The folder of the files of this test."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def sales(**asked: Any) -> ReportRun:
    """Return a run of sales by month, as JSON, asked for at noon."""
    standing = {"report": "sales-by-month", "given": {}, "file_format": "json", "now": NOON}
    return run_report(**standing | asked)


def test_a_run_keeps_what_was_asked_and_what_came_out(manager: Any) -> None:
    make_sale("2026-10-05T10:00Z", (2, "1.5"), (1, "0.001"))

    run = sales(actor=manager)

    assert run.parameters == {"period": "last_month", "date_from": None, "date_to": None, "currency": "GBP"}
    assert run.resolved == {"from": "2026-10-01", "to": "2026-10-31"}
    assert (run.state, run.row_count, run.requested_words) == ("succeeded", 1, str(manager))
    assert run.totals == {
        "orders": 1,
        "credit_notes": 0,
        "units": 3,
        "sales": "3.001",
        "sales_before": "0.00",
        "sales_year_before": "0.00",
    }
    assert run.as_of <= timezone.now() < run.expires_at


def test_the_checksum_is_that_of_the_file() -> None:
    run = sales()

    assert run.sha256 == hashlib.sha256(run.path.read_bytes()).hexdigest()
    assert run.size == run.path.stat().st_size


def test_a_json_file_holds_rows_totals_dates_and_parameters() -> None:
    make_sale("2026-10-05T10:00Z", (2, "1.5"))

    document = json.loads(sales().path.read_text())

    assert (document["from"], document["to"], document["currency"]) == ("2026-10-01", "2026-10-31", "GBP")
    row = {"month": "2026-10-01", "orders": 1, "credit_notes": 0, "units": 2, "sales": "3.00"}
    assert {name: document["rows"][0][name] for name in row} == row
    assert (document["totals"]["sales"], document["row_count"]) == ("3.00", 1)
    assert datetime.fromisoformat(document["as_of"]) <= timezone.now()


def test_a_file_is_named_after_its_report_and_dates() -> None:
    assert sales().filename == "sales-by-month_2026-10-01_2026-10-31.json"
    assert sales(given={"period": "today"}).filename == "sales-by-month_2026-11-20.json"
    assert sales(given={"date_from": "2026-01-05"}).filename == "sales-by-month_from-2026-01-05.json"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"report": "sales"}, "There is no report “sales”. Choose one of: category-by-month"),
        ({"file_format": "pdf"}, "There is no format “pdf”. Choose one of: csv, xlsx, json"),
        ({"given": {"colour": "red"}}, "no parameter colour. It has: period, date_from, date_to, currency"),
        ({"given": {"period": "lately"}}, "period: .*lately.* Choose one of: today"),
        ({"given": {"date_from": "5 May"}}, "date_from: Write a day as year-month-day"),
        ({"given": {"currency": "pounds"}}, "currency: "),
        ({"given": {"currency": "gbp"}}, "three capital letters"),
        ({"given": {"period": "today", "date_to": "2026-01-01"}}, "Dates count only with the period"),
        ({"given": {"period": "custom"}}, "Give the date"),
        ({"given": {"date_from": "2026-02-02", "date_to": "2026-02-01"}}, "Swap the two dates"),
        ({"report": "top-customers", "given": {"limit": "0"}}, "limit: "),
    ],
)
def test_what_is_wrong_is_refused_with_what_is_right(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        sales(**asked)

    assert not ReportRun.objects.exists()


def test_a_viewer_runs_no_report_with_personal_data(viewer: Any) -> None:
    with pytest.raises(RefusedError, match="You may not run the report “Top customers”"):
        sales(report="top-customers", actor=viewer)


def test_dates_stay_as_they_were_when_it_was_asked_for() -> None:
    run = request_run(report="sales-by-month", given={"period": "today"}, file_format="json", now=NOON)

    assert produce_run(run=run).filename == "sales-by-month_2026-11-20.json"


def test_whoever_lost_the_right_gets_no_file(manager: Any) -> None:
    run = request_run(report="top-customers", given={}, file_format="json", actor=manager)
    manager.memberships.all().delete()

    with pytest.raises(RefusedError):
        produce_run(run=run)


def test_producing_again_leaves_the_run_as_it_is() -> None:
    run = sales()

    assert produce_run(run=run).sha256 == run.sha256


def test_a_failed_run_says_why() -> None:
    run = request_run(report="sales-by-month", given={}, file_format="json")

    fail_run(run=run, error="The disk is full.")

    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The disk is full.")


def test_a_run_that_succeeded_does_not_fail_afterwards() -> None:
    run = sales()

    fail_run(run=run, error="Too late.")

    run.refresh_from_db()
    assert run.state == "succeeded"


def test_one_opens_ones_own_runs(viewer: Any) -> None:
    assert can_open_run(sales(actor=viewer), viewer) is None


def test_a_manager_opens_the_runs_of_others(viewer: Any, manager: Any) -> None:
    assert can_open_run(sales(actor=viewer), manager) is None


def test_a_viewer_does_not_open_the_runs_of_others(viewer: Any, manager: Any) -> None:
    assert "Somebody else ran this report" in str(can_open_run(sales(actor=manager), viewer))


def test_ones_own_run_is_closed_without_the_right_to_the_report(operator: Any) -> None:
    run = sales(report="top-customers", actor=None)
    ReportRun.objects.filter(pk=run.pk).update(requested_by=operator)
    run.refresh_from_db()

    assert "You may not run the report" in str(can_open_run(run, operator))


def test_old_files_are_deleted_and_their_runs_stay(django_capture_on_commit_callbacks: Any) -> None:
    run = sales()

    with django_capture_on_commit_callbacks(execute=True):
        count = expire_runs(at=timezone.now() + timedelta(days=91))

    assert (count, run.path.exists()) == (1, False)
    run.refresh_from_db()
    assert (run.file, run.row_count) == ("", 0)


def test_files_stay_until_they_expire() -> None:
    run = sales()

    assert expire_runs(at=timezone.now() + timedelta(days=89)) == 0
    assert run.path.exists()


def test_a_schedule_runs_once_for_each_intended_date() -> None:
    sync_schedules()
    schedule = ReportSchedule.objects.get(name="daily-sales")

    first, second = (request_scheduled_run(schedule=schedule, intended_for=NOON) for _time in range(2))

    assert first == second
    assert first.resolved == {"from": "2026-11-19", "to": "2026-11-19"}


def test_a_late_run_reports_the_dates_it_was_meant_for() -> None:
    sync_schedules()
    schedule = ReportSchedule.objects.get(name="daily-sales")

    run = request_scheduled_run(schedule=schedule, intended_for=datetime(2026, 3, 1, 6, tzinfo=UTC))

    assert run.resolved == {"from": "2026-02-28", "to": "2026-02-28"}


def test_the_declared_schedule_stands_in_the_table_after_migrating() -> None:
    schedule = ReportSchedule.objects.get(name=DAILY_SALES.name)

    assert (schedule.report, schedule.cron, schedule.active) == ("sales-by-country", "0 6 * * *", True)
    assert schedule.history.latest().change_set.source == "migrate"


def test_syncing_an_unchanged_schedule_leaves_no_version() -> None:
    sync_schedules()
    versions = ReportSchedule.history.count()

    sync_schedules()

    assert ReportSchedule.history.count() == versions
