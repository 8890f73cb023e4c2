"""Due times become jobs: each once, by the clock on the wall."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Now

from backoffice.jobs import schedules
from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.schedules import Missed, Schedule
from backoffice.jobs.services import enqueue_due_jobs
from backoffice.jobs.services.planning import due_times
from tests.jobs import kinds  # noqa: F401

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def schedule(*, cron: str = "0 6 * * *", time_zone: str = "UTC", missed: Missed = Missed.LATEST) -> Schedule:
    return Schedule("tea", "tests.write", cron, "Every day at 06:00", time_zone, missed)


def due(missed: Missed, *, days: int, now: datetime = NOON) -> list[int]:
    return [local.day for local in due_times(schedule(missed=missed), first=now - timedelta(days=days), now=now)[0]]


@pytest.fixture
def tea(db: None, monkeypatch: pytest.MonkeyPatch) -> JobSchedule:
    """A schedule that is due since midnight of yesterday."""
    monkeypatch.setattr(schedules, "_schedules", {})
    schedules.register(
        name="tea", kind="tests.write", cron="0 0 * * *", words="At midnight", time_zone="UTC", args={"name": "Tea"}
    )
    schedules.sync_schedules()
    JobSchedule.objects.update(next_due=Now() - timedelta(days=1))
    return JobSchedule.objects.get()


def test_of_missed_runs_the_latest_is_made_up_for() -> None:
    assert due(Missed.LATEST, days=3) == [10]


def test_of_missed_runs_all_are_made_up_for() -> None:
    assert due(Missed.ALL, days=3) == [8, 9, 10]


def test_of_missed_runs_none_is_made_up_for() -> None:
    assert due(Missed.SKIP, days=3) == []


def test_a_run_that_is_on_time_is_not_missed() -> None:
    assert due(Missed.SKIP, days=1, now=datetime(2026, 3, 10, 6, 2, tzinfo=UTC)) == [10]


@pytest.mark.parametrize(
    ("zone", "cron", "after", "instants"),
    [
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00Z", ["2026-10-03T15:30", "2026-10-04T15:15"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00Z", ["2026-04-04T14:45", "2026-04-05T15:15"]),
        ("Pacific/Apia", "0 6 * * *", "2011-12-30T09:00Z", ["2011-12-30T10:00", "2011-12-30T16:00"]),
        ("Pacific/Apia", "0 6 * * *", "2011-12-30T12:00Z", ["2011-12-30T16:00", "2011-12-31T16:00"]),
    ],
    ids=["left out", "twice", "left out by half an hour", "twice by half an hour", "a day left out", "the day after"],
)
def test_a_daily_run_comes_once_on_days_when_the_clock_changes(
    zone: str, cron: str, after: str, instants: list[str]
) -> None:
    daily = schedule(cron=cron, time_zone=zone)
    times = daily.times_after(datetime.fromisoformat(after))
    assert [daily.instant_of(next(times)).isoformat()[:16] for _day in range(2)] == instants


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("Australia/Lord_Howe", "2026-10-03"),
        ("Pacific/Apia", "2011-12-30"),
    ],
)
def test_no_later_time_falls_due_before_an_earlier_one(zone: str, day: str) -> None:
    often = schedule(cron="*/10 * * * *", time_zone=zone)
    times = often.times_after(datetime.fromisoformat(f"{day}T00:00Z"))
    instants = [often.instant_of(local) for local in islice(times, 6 * 24)]
    assert all(earlier <= later for earlier, later in pairwise(instants))


def test_a_time_is_found_from_just_before_it() -> None:
    assert next(schedule().times_after(NOON.replace(hour=6) - timedelta(microseconds=1))).hour == 6
    assert next(schedule().times_after(NOON.replace(hour=6))).day == 11


def test_the_second_of_a_repeated_hour_is_passed_over() -> None:
    daily = schedule(cron="30 2 * * *", time_zone="Europe/Berlin")
    between = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert next(daily.times_after(between)) == datetime(2026, 10, 26, 2, 30)  # noqa: DTZ001


def test_a_due_schedule_enqueues_a_job_for_its_intended_time(tea: JobSchedule) -> None:
    assert enqueue_due_jobs() == 1
    job = Job.objects.get()
    assert job.key == f"tea {job.args['due']}"
    assert job.args["due"].endswith("T00:00")
    assert job.args["name"] == "Tea"


def test_no_time_runs_twice_even_when_the_schedule_is_set_back(tea: JobSchedule) -> None:
    enqueue_due_jobs()
    JobSchedule.objects.update(next_due=tea.next_due)
    enqueue_due_jobs()
    assert Job.objects.count() == 1


def test_a_schedule_tells_its_next_time_and_its_last_job(tea: JobSchedule) -> None:
    enqueue_due_jobs()
    tea.refresh_from_db()
    assert tea.next_due > tea.last_due
    assert tea.last_job == Job.objects.get()


def test_a_paused_schedule_enqueues_nothing(tea: JobSchedule) -> None:
    JobSchedule.objects.update(paused=True)
    assert enqueue_due_jobs() == 0


def test_a_broken_schedule_tells_its_problem_and_leaves_the_others_alone(tea: JobSchedule) -> None:
    broken = JobSchedule.objects.create(name="broken", kind="x", cron="?", next_due=Now() - timedelta(days=9))
    assert enqueue_due_jobs() == 1
    broken.refresh_from_db()
    assert "broken" in broken.problem


def test_syncing_keeps_the_next_time_of_an_unchanged_schedule(tea: JobSchedule) -> None:
    schedules.sync_schedules()
    assert JobSchedule.objects.get().next_due == tea.next_due


def test_syncing_plans_a_schedule_anew_when_its_times_changed(tea: JobSchedule) -> None:
    JobSchedule.objects.update(cron="0 1 * * *")
    schedules.sync_schedules()
    row = JobSchedule.objects.get()
    assert (row.cron, row.next_due > tea.next_due) == ("0 0 * * *", True)


def test_syncing_removes_schedules_that_are_declared_no_more(tea: JobSchedule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "_schedules", {})
    schedules.sync_schedules()
    assert not JobSchedule.objects.exists()


def test_times_that_are_no_cron_expression_are_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match="Schedule tea: “at six”"):
        schedules.register(name="tea", kind="tests.write", cron="at six", words="")
