"""A real worker on the test database: jobs run, survive the death of any process, and end."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now

from backoffice.jobs.models import Job, Worker
from backoffice.jobs.services import enqueue_job
from backoffice.jobs.supervisor import MOST_STARTS, Supervisor
from backoffice.supervisor import SupervisorError
from catalog.models import Category
from reports.rollups.models import DailySales
from tests.ground.desks import ends_soon
from tests.jobs import kinds  # noqa: F401
from tests.jobs.workers import PATIENCE, SESSIONS, WHOLE_CLUSTER, TestWorker, wait_until
from tests.reports.samples import make_sale

# They share a worker. No table is emptied between them, which would get in its way.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def started(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[TestWorker]:
    """The worker; what it wrote goes with it. Its Redis is away all the time."""
    with django_db_blocker.unblock():
        worker = TestWorker(tmp_path_factory.mktemp("worker"), REDIS_URL="redis://127.0.0.1:1/0")
        yield worker
        worker.end()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def worker(started: TestWorker) -> TestWorker:
    """The worker with all its processes, started anew where the test before ended it."""
    if started.process.poll() is not None:
        started.start()
    started.wait_until_whole()
    return started


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return not job.is_open


def outcome(job: Job) -> tuple[str, int]:
    wait_until(lambda: ended(job))
    return job.state, job.attempt


def held_job(worker: TestWorker, name: str, at: str) -> Job:
    job = enqueue_job(kind="tests.held", args={"name": name, "at": at})
    wait_until(lambda: worker.reached(name))
    return job


def effects(name: str) -> list[str]:
    return sorted(Category.objects.filter(name__startswith=name).values_list("name", flat=True))


def test_a_worker_runs_what_is_enqueued(worker: TestWorker) -> None:
    job = enqueue_job(kind="tests.write", args={"name": "Tea"})
    assert outcome(job) == ("succeeded", 1)
    assert job.result == {"wrote": "Tea"}


def test_a_job_that_kills_every_worker_is_lost_after_its_attempts(worker: TestWorker) -> None:
    job = enqueue_job(kind="tests.die", args={"name": "Lost", "times": 9})
    assert outcome(job) == ("lost", 2)
    assert effects("Lost") == []
    assert "attempt 2 of 2" in job.error
    assert job in Job.objects.failed()


def test_a_job_that_takes_too_long_is_stopped_and_its_writes_are_undone(worker: TestWorker) -> None:
    job = enqueue_job(kind="tests.linger")
    assert outcome(job) == ("failed", 1)
    assert "longer than its limit of 1 s" in job.error
    assert effects("unfinished") == []


def test_a_job_that_may_take_long_runs_in_a_cluster_of_its_own(worker: TestWorker) -> None:
    job = enqueue_job(kind="tests.long")
    assert outcome(job) == ("succeeded", 1)
    assert job.result == {"queue": "long"}
    assert job.worker is not None
    assert job.worker.queue == "long"


def test_what_is_sold_is_reckoned_in_without_being_asked(worker: TestWorker) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    wait_until(lambda: DailySales.objects.filter(day="2026-10-05", sales=5).exists())


@pytest.mark.parametrize(
    ("victim", "at"),
    [
        ("worker", "before claim"),
        ("worker", "after effect"),
        ("worker", "after commit"),
        ("pusher", "after claim"),
        ("monitor", "after commit"),
        ("sentinel", "middle"),
        ("head", "after effect"),
    ],
)
def test_a_job_has_its_effects_once_whatever_is_killed(victim: str, at: str, worker: TestWorker) -> None:
    name = f"{victim} {at}"
    job = held_job(worker, name, at)
    worker.kill_at(name, victim)
    dies = victim in ("worker", *WHOLE_CLUSTER) and at in ("middle", "after effect")
    assert outcome(job) == ("succeeded", 2 if dies else 1)
    assert effects(name) == [f"{name} 1", f"{name} 2"]


def test_a_job_goes_on_after_the_database_cut_it_off(worker: TestWorker) -> None:
    job = held_job(worker, "Cut", "middle")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [SESSIONS],
        )
        assert cursor.rowcount > 0
    worker.let_go("Cut")
    wait_until(lambda: Job.objects.filter(pk=job.pk, state="queued").update(run_after=Now()))
    assert outcome(job) == ("succeeded", 2)
    assert effects("Cut") == ["Cut 1", "Cut 2"]


def test_a_cluster_that_froze_is_started_again(worker: TestWorker) -> None:
    frozen = worker.pids("worker")
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    job = enqueue_job(kind="tests.write", args={"name": "Thawed"})
    assert outcome(job)[0] == "succeeded"
    assert effects("Thawed") == ["Thawed"]
    assert not set(frozen) & set(worker.tree())
    assert Worker.objects.get(queue="default").restarts > 0


def test_clusters_end_with_the_one_that_looks_after_them(worker: TestWorker) -> None:
    started = worker.tree()
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    assert all(ends_soon(pid) for pid in started)


def test_asked_to_stop_it_ends_its_job_and_leaves_the_others_for_later(worker: TestWorker) -> None:
    job = held_job(worker, "Last", "middle")
    worker.process.terminate()
    worker.let_go("Last")
    assert worker.process.wait(PATIENCE) == 0
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert not Worker.objects.filter(pid=worker.process.pid).exists()


def test_jobs_outlive_the_whole_tree_and_another_secret_key(worker: TestWorker) -> None:
    held = held_job(worker, "Tree", "after effect")
    worker.kill("tree")
    waiting = [enqueue_job(kind="tests.write", args={"name": f"Key {number}"}) for number in range(10)]
    worker.start(WORKER_SECRET_KEY="a-new-key-for-the-same-queue")
    assert {outcome(job)[0] for job in [held, *waiting]} == {"succeeded"}
    assert effects("Tree") == ["Tree 1", "Tree 2"]
    assert len(effects("Key")) == 10


@pytest.mark.django_db
def test_a_cluster_that_dies_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.jobs.supervisor.LONGEST_PAUSE", 0)
    supervisor = Supervisor({"default": [sys.executable, "-c", "raise SystemExit(3)"]}, {"default": 1})
    with pytest.raises(SupervisorError, match=f"“default” failed {MOST_STARTS} times in a row.*exit status 3"):
        supervisor.run()
    assert supervisor.clusters[0].process is None
