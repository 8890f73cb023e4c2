"""A real cluster on the test database: jobs run, survive the death of their worker, and end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from backoffice.jobs.models import Job
from backoffice.jobs.services import enqueue_job, recover_jobs
from catalog.models import Category
from tests.jobs import kinds  # noqa: F401

# One process runs them all, since each one that does starts a cluster.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("cluster")]
PATIENCE = 15


@pytest.fixture(scope="module")
def cluster(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """`manage.py qcluster` as a process of its own; what it wrote after the last test goes with it."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | {
        "DATABASE_URL": urlunsplit(url),
        "DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings",
    }
    command = [sys.executable, "manage.py", "qcluster"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True)
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, list(Job.objects.values("state", "attempt", "error"))
        time.sleep(0.05)


def ended(job: Job) -> bool:
    """Sweep, as the tick does each minute, and look."""
    recover_jobs()
    job.refresh_from_db()
    return not job.is_open


def test_a_cluster_runs_what_is_enqueued(cluster: None) -> None:
    job = enqueue_job(kind="tests.write", args={"name": "Tea"})
    wait_until(lambda: ended(job))
    assert (job.state, job.result) == ("succeeded", {"wrote": "Tea"})


def test_a_job_whose_worker_was_killed_runs_again_and_has_its_effect_once(cluster: None) -> None:
    job = enqueue_job(kind="tests.die", args={"name": "Tea", "times": 1})
    wait_until(lambda: ended(job))
    assert (job.state, job.attempt, Category.objects.count()) == ("succeeded", 2, 1)


def test_a_job_that_kills_every_worker_is_lost_after_its_attempts(cluster: None) -> None:
    job = enqueue_job(kind="tests.die", args={"name": "Tea", "times": 9})
    wait_until(lambda: ended(job))
    assert (job.state, job.attempt, Category.objects.count()) == ("lost", 2, 0)
