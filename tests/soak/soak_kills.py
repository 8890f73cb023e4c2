"""Every process of the worker killed at every point of a job, over and over: nothing is lost, nothing happens twice.

SOAK_KILLS says how often (200 unless told). In between PostgreSQL is restarted as after a crash, Redis stopped, and
the worker stopped in good order.
"""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from backoffice.embedded import EmbeddedPostgres
from backoffice.jobs.models import Job
from backoffice.jobs.services import enqueue_job
from catalog.models import Category
from tests.ground.desks import free_port
from tests.jobs import kinds  # noqa: F401
from tests.jobs.workers import POINTS, VICTIMS, WHOLE_CLUSTER, TestWorker, wait_until

KILLS = int(os.environ.get("SOAK_KILLS", "200"))
EVERY = min(25, max(KILLS // 4, 1))  # kills between two troubles of another kind
PATIENCE = 120

pytestmark = pytest.mark.django_db(transaction=True)


class Redis:
    """A Redis that comes and goes."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "", "--appendonly", "no"]
        if shutil.which(command[0]):
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def worker(tmp_path: Path, redis: Redis) -> Iterator[TestWorker]:
    with connection.cursor() as cursor:  # what is accepted is on disk, as in production
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET synchronous_commit = on')
    connection.close()
    started = TestWorker(tmp_path, REDIS_URL=f"redis://127.0.0.1:{redis.port}/0")
    yield started
    started.end()


def crash_postgres() -> None:
    """Restart the server without letting it close anything, where it is the one of these tests."""
    if "backoffice-tests-" not in os.environ["DATABASE_URL"]:
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    server = EmbeddedPostgres(folder, throwaway=True)
    server.start()  # joins it, and learns as whom it runs
    restart = [
        str(server.programs / "pg_ctl"),
        "restart",
        "--mode=immediate",
        "--wait",
        "--silent",
        f"--pgdata={folder}",
    ]
    log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*server.run_as, *restart], check=True, cwd="/", **log)  # type: ignore[call-overload]
    connection.close()


def ask_for_jobs(name: str, at: str) -> Job:
    """Ask for a job that is held, and two that are not, in each queue."""
    enqueue_job(kind="tests.write", args={"name": f"{name} beside"})
    enqueue_job(kind="tests.long")
    return enqueue_job(kind="tests.held", args={"name": name, "at": at})


def nothing_open(worker: TestWorker) -> bool:
    if worker.process.poll() is not None:  # it was killed, or gave up: whoever runs a desk starts it again
        worker.start()
    try:
        return not Job.objects.open().filter(kind__startswith="tests.").exists()
    except OperationalError:
        connection.close()
        return False


def try_kill(worker: TestWorker, name: str, victim: str, at: str) -> None:
    ask_for_jobs(name, at)
    wait_until(lambda: worker.reached(name), patience=PATIENCE)
    worker.kill_at(name, victim)
    wait_until(lambda: nothing_open(worker), patience=PATIENCE)


def trouble(worker: TestWorker, redis: Redis, name: str, number: int) -> None:
    """Do what is no kill to a worker that is in the middle of a job: each in turn."""
    ask_for_jobs(name, "middle")
    wait_until(lambda: worker.reached(name), patience=PATIENCE)
    match number % 3:
        case 0:
            crash_postgres()
        case 1:
            redis.stop()
        case 2:
            worker.process.terminate()
            worker.let_go(name)
            worker.process.wait()
            worker.start(WORKER_SECRET_KEY=f"key {name}")
    worker.let_go(name)
    wait_until(lambda: nothing_open(worker), patience=PATIENCE)
    if number % 3 == 1:
        redis.start()


def kills() -> Iterator[tuple[str, str]]:
    """Yield what to kill, and at which point: those whose loss costs a start of all processes every fourth time."""
    cheap = cycle(product([victim for victim in VICTIMS if victim not in WHOLE_CLUSTER], POINTS))
    dear = cycle(product(WHOLE_CLUSTER, POINTS))
    for number in range(KILLS):
        yield next(cheap if number % 4 else dear)


def test_no_job_is_lost_and_no_effect_happens_twice(worker: TestWorker, redis: Redis) -> None:
    began, troubles = time.monotonic(), 0
    for number, (victim, at) in enumerate(kills()):
        if number and number % EVERY == 0:
            trouble(worker, redis, f"trouble {number}", troubles)
            troubles += 1
        try_kill(worker, f"kill {number}", victim, at)

    states = Counter(Job.objects.filter(kind__startswith="tests.").values_list("state", flat=True))
    names = Counter(Category.objects.values_list("name", flat=True))
    twice = [name for name, count in names.items() if count > 1]
    asked = {f"kill {number}" for number in range(KILLS)} | {
        f"trouble {each * EVERY}" for each in range(1, troubles + 1)
    }
    missing = {f"{name} {effect}" for name in asked for effect in ("1", "2", "beside")} - set(names)
    print(f"\n{KILLS} kills, {troubles} troubles in {time.monotonic() - began:.0f} s: jobs {dict(states)}, ")  # noqa: T201
    print(f"effects missing {sorted(missing)}, twice {twice}")  # noqa: T201
    assert states == {"succeeded": 3 * len(asked)}
    assert (missing, twice) == (set(), [])
