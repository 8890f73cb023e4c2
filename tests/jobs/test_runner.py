"""What becomes of a job's body, however it ends."""

from typing import Any

import pytest

from backoffice.changes.models import ChangeSet
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from catalog.models import Category
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db


def run(kind: str, **fields: Any) -> Job:
    job = enqueue_job(kind=f"tests.{kind}", **fields)
    run_job(job.pk)
    job.refresh_from_db()
    return job


def test_a_job_keeps_its_result_and_progress() -> None:
    job = run("write", args={"name": "Tea"})
    assert (job.state, job.result, job.done, job.total) == ("succeeded", {"wrote": "Tea"}, 1, 1)


def test_a_job_runs_once_however_many_messages_name_it() -> None:
    job = run("write", args={"name": "Tea"})
    assert run_job(job.pk) == "not to be started"
    assert Category.objects.count() == 1


def test_what_a_job_writes_is_recorded_under_who_asked(manager: Any) -> None:
    job = run("write", args={"name": "Tea"}, asked_by=manager)
    change_set = Category.history.get().change_set
    assert (change_set, change_set.kind, change_set.actor, change_set.source) == (
        job.change_set,
        ChangeSet.Kind.JOB,
        manager,
        "tests.write",
    )


def test_a_job_that_writes_nothing_has_no_change_set() -> None:
    assert run("half").change_set is None


def test_a_refusal_fails_the_job_with_its_sentence() -> None:
    job = run("refuse")
    assert (job.state, job.error, job.attempt) == ("failed", "Give the file a name.", 1)


def test_an_error_fails_the_job_at_once_and_undoes_its_writes() -> None:
    job = run("break")
    assert (job.state, job.attempt) == ("failed", 1)
    assert "KeyError: 'surprise'" in job.traceback
    assert not Category.objects.exists()


def test_a_passing_error_is_tried_again_after_a_pause() -> None:
    job = run("stumble")
    assert (job.state, job.error) == ("queued", "the line is down")
    assert job.run_after > job.pushed_at


def test_a_passing_error_fails_the_job_when_attempts_are_used_up() -> None:
    job = run("stumble")
    Job.objects.update(run_after=job.created_at)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("failed", 2)


def test_a_job_tells_that_part_of_it_failed() -> None:
    job = run("half")
    assert (job.state, job.error) == ("partly_failed", "1 of 2 mails was not sent.")


def test_a_cancelled_job_stops_at_its_next_check_and_undoes_its_writes() -> None:
    job = run("stop")
    assert job.state == "cancelled"
    assert not Category.objects.exists()


def test_nothing_commits_once_another_worker_holds_the_job() -> None:
    job = run("lose", args={"name": "Tea"})
    assert job.state == "running"
    assert not Category.objects.exists()


def test_a_job_in_steps_keeps_what_it_committed_while_it_held_the_job() -> None:
    run("steps", args={"name": "Tea"})
    assert list(Category.objects.values_list("name", flat=True).order_by("pk")) == ["Tea 1", "Tea outside"]


def test_a_kind_that_is_gone_from_the_code_fails_its_jobs() -> None:
    job = enqueue_job(kind="tests.write")
    Job.objects.update(kind="tests.gone")
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "tests.gone" in job.error
