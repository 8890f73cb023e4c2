"""Reports that run as jobs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from reports.models import ReportRun, ReportSchedule
from reports.services import request_run, run_report
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path


def run(kind: str, **args: Any) -> Job:
    """Run a job of `kind` to its end."""
    job = enqueue_job(kind=f"reports.{kind}", args=args)
    run_job(job.pk)
    job.refresh_from_db()
    return job


def test_a_job_makes_the_file_of_a_run(manager: Any) -> None:
    queued = request_run(report="stock-value", given={}, file_format="json", actor=manager)

    job = run("produce_run", run=queued.pk)

    queued.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"run": queued.pk, "rows": 0})
    assert (queued.state, queued.path.is_file()) == ("succeeded", True)


def test_a_job_that_may_not_run_its_report_says_why_on_the_run(manager: Any) -> None:
    queued = request_run(report="stock-value", given={}, file_format="json", actor=manager)
    manager.memberships.all().delete()

    job = run("produce_run", run=queued.pk)

    queued.refresh_from_db()
    assert (job.state, queued.state) == ("failed", "failed")
    assert "You may not run the report" in queued.error


def test_the_daily_sales_are_those_of_the_day_before_they_were_meant_for(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    make_sale("2026-06-30T22:59Z", (1, "5"), country="Spain")
    make_sale("2026-06-30T23:00Z", (1, "7"), country="Spain")

    run("run_schedule", schedule="daily-sales", due="2026-07-01T06:00")

    left = ReportRun.objects.get()
    assert (left.intended_for, left.totals["sales"]) == (datetime(2026, 7, 1, 5, tzinfo=UTC), "5.00")
    assert (left.requested_words, left.path.suffix) == ("Daily sales", ".xlsx")


def test_a_scheduled_time_leaves_one_run_however_often_it_is_tried() -> None:
    for _attempt in range(2):
        run("run_schedule", schedule="daily-sales", due="2026-07-01T06:00")

    assert ReportRun.objects.count() == 1


def test_an_inactive_schedule_leaves_no_run() -> None:
    ReportSchedule.objects.update(active=False)

    job = run("run_schedule", schedule="daily-sales", due="2026-07-01T06:00")

    assert (job.result, ReportRun.objects.count()) == ({"paused": True}, 0)


def test_the_daily_sales_are_due_at_six() -> None:
    schedule = JobSchedule.objects.get(name="daily-sales")

    assert (schedule.kind, schedule.cron) == ("reports.run_schedule", "0 6 * * *")


def test_old_files_go_at_night() -> None:
    old = run_report(report="stock-value", given={}, file_format="json")
    ReportRun.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    assert run("expire_runs").result == {"files": 1}
    old.refresh_from_db()
    assert old.file == ""
