"""Asking for jobs, cancelling and repeating them, and finding the lost ones."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django_q.models import OrmQ

from backoffice.jobs.context import Heartbeat, JobContext
from backoffice.jobs.models import Job
from backoffice.jobs.registry import UnknownKind
from backoffice.jobs.services import (
    cancel_job,
    claim_job,
    delete_old_jobs,
    delete_passing_jobs,
    end_job,
    enqueue_job,
    prolong_lease,
    push_orphaned_jobs,
    recover_jobs,
    retry_job,
)
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db


def enqueue(**fields: Any) -> Job:
    return enqueue_job(**{"kind": "tests.write", "key": "one", "args": {"name": "Tea"}} | fields)


def claimed(**fields: Any) -> Job:
    job = claim_job(job_id=enqueue(**fields).pk)
    assert job is not None
    return job


def let_expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_a_job_waits_with_a_message_of_its_own() -> None:
    job = enqueue()
    assert (job.state, job.attempt, OrmQ.objects.get().pk) == ("queued", 0, job.message)


def test_asking_twice_for_a_key_gives_the_same_job() -> None:
    assert enqueue().pk == enqueue().pk
    assert OrmQ.objects.count() == 1


def test_jobs_without_a_key_are_jobs_of_their_own() -> None:
    assert enqueue(key="").pk != enqueue(key="").pk


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnknownKind, match=r"tests\.nothing.*Known: .*tests\.write"):
        enqueue(kind="tests.nothing")


def test_claiming_counts_the_attempt_before_the_body_runs() -> None:
    job = claimed()
    assert (job.state, job.attempt) == ("running", 1)


def test_only_the_first_of_two_workers_claims_a_job() -> None:
    job = claimed()
    assert claim_job(job_id=job.pk) is None


def test_a_delayed_job_is_not_claimed_before_its_time() -> None:
    job = enqueue(delay=timedelta(minutes=1))
    assert claim_job(job_id=job.pk) is None


def test_a_sign_of_life_tells_progress_and_brings_the_wish_to_stop() -> None:
    job = claimed()
    assert prolong_lease(job=job, done=3, total=10) is False
    cancel_job(job=job)
    assert prolong_lease(job=job, done=4, total=10) is True
    job.refresh_from_db()
    assert job.percent == 40


def test_a_phase_begins_when_it_is_first_told_of() -> None:
    context, starts = JobContext(claimed()), []
    for phase, done in (("Reading", 1), ("Reading", 2), ("Writing", 1)):
        context.progress(done, 10, phase)
        starts.append(context.phase_began)
    Heartbeat(context).beat()
    context.job.refresh_from_db()
    assert starts[0] == starts[1] < starts[2]
    assert (context.job.phase, context.job.done) == ("Writing", 1)
    assert context.job.started_at <= context.job.phase_started_at


def test_a_worker_that_lost_its_job_can_neither_prolong_nor_end_it() -> None:
    job = claimed()
    let_expire(job)
    recover_jobs()
    assert prolong_lease(job=job, done=1, total=1) is None
    assert not end_job(job=job, state=Job.State.SUCCEEDED)


def test_an_expired_job_waits_again_with_a_new_message() -> None:
    job = claimed()
    OrmQ.objects.all().delete()
    let_expire(job)
    assert recover_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.token, OrmQ.objects.get().pk) == ("queued", None, job.message)


def test_a_job_with_a_living_worker_is_left_alone() -> None:
    claimed()
    assert recover_jobs() == 0


def test_a_job_that_died_in_each_attempt_is_lost() -> None:
    job = claimed()
    Job.objects.filter(pk=job.pk).update(attempt=3)
    let_expire(job)
    recover_jobs()
    job.refresh_from_db()
    assert job.state == "lost"
    assert "attempt 3 of 3" in job.error


def test_an_expired_job_that_should_stop_is_not_tried_again() -> None:
    job = claimed()
    cancel_job(job=job)
    let_expire(job)
    recover_jobs()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_job_whose_message_is_gone_gets_another() -> None:
    job = enqueue()
    OrmQ.objects.all().delete()
    Job.objects.update(pushed_at=Now() - timedelta(minutes=3))
    assert push_orphaned_jobs() == 1
    job.refresh_from_db()
    assert OrmQ.objects.get().pk == job.message


def test_a_job_whose_message_was_taken_long_ago_gets_another() -> None:
    enqueue()
    OrmQ.objects.update(lock=Now() + timedelta(hours=1))
    Job.objects.update(pushed_at=Now() - timedelta(minutes=3))
    assert push_orphaned_jobs() == 1


def test_a_job_that_only_waits_gets_no_second_message() -> None:
    enqueue()
    Job.objects.update(pushed_at=Now() - timedelta(minutes=3))
    assert push_orphaned_jobs() == 0


def test_a_waiting_job_is_cancelled_at_once() -> None:
    job = enqueue()
    cancel_job(job=job)
    assert claim_job(job_id=job.pk) is None
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_job_that_ended_cannot_be_cancelled() -> None:
    job = enqueue()
    cancel_job(job=job)
    with pytest.raises(ValidationError, match="ended already"):
        cancel_job(job=job)


def test_a_cancelled_job_runs_again_with_all_its_attempts() -> None:
    job = claimed()
    end_job(job=job, state=Job.State.FAILED)
    retry_job(job=job)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.max_attempts) == ("queued", 1, 4)


def test_running_again_is_refused_the_second_time() -> None:
    job = enqueue()
    cancel_job(job=job)
    retry_job(job=job)
    with pytest.raises(ValidationError, match="can run again"):
        retry_job(job=job)


def test_jobs_that_ended_long_ago_are_deleted() -> None:
    for key, age in (("old", 91), ("new", 89)):
        cancel_job(job=enqueue(key=key))
        Job.objects.filter(key=key).update(finished_at=Now() - timedelta(days=age))
    enqueue(key="open")
    delete_old_jobs()
    assert set(Job.objects.values_list("key", flat=True)) == {"new", "open"}


@pytest.mark.parametrize(
    ("kind", "state", "minutes", "stays"),
    [
        ("tests.pass", "succeeded", 6, False),
        ("tests.pass", "succeeded", 4, True),
        ("tests.pass", "failed", 6, True),
        ("tests.write", "succeeded", 6, True),
    ],
)
def test_only_what_is_kept_for_minutes_and_succeeded_passes(kind: str, state: str, minutes: int, stays: bool) -> None:
    enqueue_job(kind=kind, key="one")
    Job.objects.update(state=state, finished_at=Now() - timedelta(minutes=minutes))
    delete_passing_jobs()
    assert Job.objects.exists() == stays
