"""A schedule lived through: a run that is missed, one that fails, one that is put right, and an ordinary day."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from backoffice.jobs.models import Job
from backoffice.jobs.rhythms import Rhythm, as_cron
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from reports.models import ReportSchedule
from reports.planning import plan_report
from tests.reports.sink import mail_server

pytestmark = pytest.mark.django_db
# Runs are due at 07:30 on working days, and should be there within an hour.
PLANNED = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY, TUESDAY, THURSDAY = (datetime(2026, 11, day, 7, 30, tzinfo=UTC) for day in (23, 24, 26))


class Life:
    """The desk as time goes by: its worker, its mails, and the person who looks after the reports."""

    def __init__(self, owner: Any, sign_in: Callable[[Any], Any], mails: list[tuple[list[str], Any]]) -> None:
        self.owner, self.sign_in, self.mails = owner, sign_in, mails
        with time_machine.travel(PLANNED):
            self.plan = plan_report(
                schedule=ReportSchedule(
                    title="Sales",
                    report="sales-by-month",
                    parameters={"period": "all_time"},
                    format="csv",
                    cron=as_cron(Rhythm.WORKING_DAYS, time(7, 30)),
                    recipients=[owner.email],
                ),
                actor=owner,
                now=timezone.now(),
            )

    def work(self) -> None:
        """Let a worker do a minute's work: what is due, what it leads to, and the watch. Nothing is tried twice."""
        for kind in ("jobs.start_planned", "jobs.watch_planned"):
            run_job(enqueue_job(kind=kind).pk)
        for kind in ("reports.run_schedule", "reports.produce_run", "reports.deliver_run"):
            for job in Job.objects.filter(kind=kind, state="queued"):
                Job.objects.filter(pk=job.pk).update(max_attempts=F("attempt") + 1)
                run_job(job.pk)

    @property
    def client(self) -> Any:
        """The browser of the owner, who signs in anew each time: days lie between."""
        return self.sign_in(self.owner)

    def alerts(self) -> int:
        """Return how many reports the home page says did not arrive."""
        home = self.client.get("/", {"fresh": 1})
        (task,) = [task for task in home.context["tasks"] if task.url.startswith("/reports/reportschedule/")]
        listed = list(self.client.get(task.url).context["cl"].result_list)
        assert listed == [self.plan][: task.count.number]
        return int(task.count.number)

    def told(self) -> list[tuple[list[str], str]]:
        """Return to whom mails went since the last look, and their subjects."""
        new = [(recipients, message["Subject"].removeprefix("[Backoffice] ")) for recipients, message in self.mails]
        self.mails.clear()
        return new


@pytest.fixture(name="life")
def lived(manager: Any, signed_in: Any, settings: Any, tmp_path: Path) -> Iterator[Life]:
    settings.MEDIA_ROOT = tmp_path / "files"
    ReportSchedule.objects.filter(declared_in_code=True).update(active=False)
    with mail_server(settings) as mails:
        yield Life(manager, signed_in, mails)


def everybody(life: Life, administrator: Any) -> list[str]:
    return [administrator.email, life.owner.email]


def test_a_run_that_was_missed_is_on_the_home_page_without_a_worker(life: Life) -> None:
    with time_machine.travel(MONDAY.replace(hour=8, minute=29)):
        assert life.alerts() == 0
    with time_machine.travel(MONDAY.replace(hour=8, minute=31)):
        assert life.alerts() == 1


def test_a_missed_a_failed_and_a_recovered_run(life: Life, administrator: Any, settings: Any) -> None:
    disk = settings.MEDIA_ROOT
    disk.write_text("a file stands where the folder should be")
    # Nothing ran from Monday on. On Thursday the worker is back, and its disk is gone.
    with time_machine.travel(THURSDAY.replace(hour=9)):
        life.work()
        missing, failed = life.told()
        assert missing == (everybody(life, administrator), "The report “Sales” did not arrive")
        assert failed == (everybody(life, administrator), "The report “Sales” failed")
        (run,) = life.plan.runs.all()
        assert (run.state, run.intended_for) == ("failed", THURSDAY)
        assert life.alerts() == 1
        life.work()
        assert (life.told(), life.plan.runs.count()) == ([], 1)

    disk.unlink()
    with time_machine.travel(THURSDAY.replace(hour=10)):
        assert "Run again" in life.client.get(reverse("admin:reports_reportrun_change", args=[run.pk])).content.decode()
        life.client.post(reverse("admin:reports_reportrun_action", args=[run.pk, "again"]), {"confirmed": "1"})
        life.work()
        run.refresh_from_db()
        assert run.state == "succeeded"
        assert life.told() == [([life.owner.email], "Sales: all time")]
        assert life.alerts() == 0


def test_on_an_ordinary_day_the_report_comes_and_nobody_is_alarmed(life: Life) -> None:
    for day in (MONDAY, TUESDAY):
        with time_machine.travel(day.replace(minute=31)):
            life.work()
        with time_machine.travel(day.replace(hour=8, minute=31)):
            life.work()
            assert life.alerts() == 0
    assert life.told() == [([life.owner.email], "Sales: all time")] * 2
