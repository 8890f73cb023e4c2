"""How the jobs are doing, in words."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from backoffice.jobs.health import findings, queue_states, stopped
from backoffice.jobs.models import Job, JobSchedule, Worker
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import (
    answer_canary,
    claim_job,
    delete_gone_workers,
    enqueue_job,
    excuse_worker,
    is_frozen,
    report_worker,
    send_canary,
)
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db
PATIENCE = timedelta(seconds=90)


@pytest.fixture(autouse=True)
def on_time(db: None) -> None:
    """Let no schedule be due, however long ago the tables were made."""
    JobSchedule.objects.update(next_due=Now() + timedelta(days=1))


def worker(queue: str = "default") -> UUID:
    key = uuid4()
    report_worker(worker=key, queue=queue, processes=2, restarts=0)
    return key


@pytest.fixture
def both() -> UUID:
    """A worker of each queue; the one of quick jobs is returned."""
    worker("long")
    return worker()


def asked(key: UUID, *, ago: int) -> None:
    send_canary(worker=key, queue="default")
    Worker.objects.filter(pk=key).update(asked_at=Now() - timedelta(seconds=ago))


def sentences() -> list[str]:
    return [finding.sentence for finding in findings(queue_states())]


def test_with_a_worker_of_each_queue_all_is_well(both: UUID) -> None:
    assert sentences() == []


def test_a_queue_without_a_worker_is_told_with_what_to_do() -> None:
    worker("long")
    assert sentences() == ["Quick jobs do not start. No worker is there: start one with “manage.py run_worker”."]


def test_a_worker_that_nobody_reports_is_gone(both: UUID) -> None:
    Worker.objects.filter(pk=both).update(seen_at=Now() - timedelta(minutes=2))
    [state] = queue_states()[0].workers
    assert (state.works, "gone since" in state.sentence) == (False, True)
    assert len(stopped()) == 1


def test_a_canary_is_a_job_that_one_worker_takes_and_answers(both: UUID) -> None:
    send_canary(worker=both, queue="default")
    job = Job.objects.get(queue=f"default@{both}")
    run_job(job.pk)
    assert Worker.objects.get(pk=both).answered_at is not None
    assert not is_frozen(worker=both, patience=timedelta())


def test_a_worker_that_owes_its_answer_too_long_is_frozen(both: UUID) -> None:
    asked(both, ago=80)
    assert not is_frozen(worker=both, patience=PATIENCE)
    asked(both, ago=100)
    assert is_frozen(worker=both, patience=PATIENCE)
    assert "does not answer since" in sentences()[0]


def test_asking_again_does_not_make_a_silent_worker_younger(both: UUID) -> None:
    asked(both, ago=100)
    send_canary(worker=both, queue="default")
    assert is_frozen(worker=both, patience=PATIENCE)


@pytest.mark.parametrize("state", ["running", "succeeded"])
def test_a_busy_worker_is_not_frozen(state: str, both: UUID) -> None:
    asked(both, ago=100)
    job = claim_job(job_id=enqueue_job(kind="tests.write").pk)
    assert job is not None
    if state == "succeeded":
        Job.objects.filter(pk=job.pk).update(state=state, token=None, lease_until=None, finished_at=Now())
    Job.objects.filter(pk=job.pk).update(worker=both)
    assert not is_frozen(worker=both, patience=PATIENCE)


def test_a_worker_whose_job_is_as_silent_as_it_is_frozen(both: UUID) -> None:
    asked(both, ago=200)
    job = claim_job(job_id=enqueue_job(kind="tests.write").pk)
    assert job is not None
    long_ago = Now() - timedelta(minutes=5)
    Job.objects.filter(pk=job.pk).update(worker=both, started_at=long_ago, lease_until=long_ago)
    assert is_frozen(worker=both, patience=PATIENCE)


def test_an_answer_and_an_absent_database_settle_what_a_worker_owes(both: UUID) -> None:
    for settle in (answer_canary, excuse_worker):
        asked(both, ago=100)
        settle(worker=both)
        assert not is_frozen(worker=both, patience=PATIENCE)


def test_a_schedule_that_did_not_start_is_told(both: UUID) -> None:
    JobSchedule.objects.filter(name="delete old jobs").update(next_due=Now() - timedelta(minutes=10))
    [sentence] = sentences()
    assert sentence.startswith("“delete old jobs” was due at")


def test_a_broken_schedule_is_told_with_its_problem(both: UUID) -> None:
    JobSchedule.objects.filter(name="delete old jobs").update(problem="No such month.")
    assert sentences() == ["The schedule “delete old jobs” is broken: No such month."]


def test_a_paused_schedule_is_not_late(both: UUID) -> None:
    JobSchedule.objects.filter(name="delete old jobs").update(next_due=Now() - timedelta(days=1), paused=True)
    assert sentences() == []


def test_a_queue_that_is_behind_says_for_how_long(both: UUID) -> None:
    enqueue_job(kind="tests.write")
    Job.objects.update(run_after=Now() - timedelta(minutes=20))
    assert sentences() == ["Quick jobs are behind: the oldest waits for 20\xa0minutes."]
    assert stopped() == []


def test_workers_that_are_gone_and_old_canaries_are_forgotten(both: UUID) -> None:
    send_canary(worker=both, queue="default")
    Job.objects.update(created_at=Now() - timedelta(minutes=6))
    Worker.objects.filter(pk=both).update(seen_at=Now() - timedelta(hours=2))
    delete_gone_workers()
    assert not Job.objects.exists()
    assert not Worker.objects.filter(pk=both).exists()


def test_the_check_of_a_machine_fails_without_a_living_worker() -> None:
    with pytest.raises(CommandError, match="Start one"):
        call_command("check_worker")
    worker()
    call_command("check_worker")
