"""From asking for a job to its first line, on an idle worker: ours, stock django-q2, and the bare database.

Both workers are real ones, with as many processes; jobs come one by one, at no regular times. The limit is what any
queue in this database takes: a row is inserted, a listener is notified and claims it.
"""

import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection
from django_q.brokers.orm import ORM
from django_q.models import OrmQ, Task
from django_q.tasks import async_task

from backoffice.jobs.models import Job, Worker
from backoffice.jobs.services import enqueue_job
from tests.benchmarks.figures import Figure
from tests.jobs import kinds  # noqa: F401
from tests.jobs.workers import TestWorker, wait_until

JOBS = 200
WARMING_UP = 10
PAUSES = (0.02, 0.12)
KIND = "tests.wait"
STOCK = "tests.jobs.kinds.seconds_since"
BUDGET = 0.250
INSERT_AND_NOTIFY = """
    WITH job AS (INSERT INTO benchmarks_job VALUES (%s, 'queued', %s)) SELECT pg_notify('benchmarks_job', '')
"""
CLAIM = "UPDATE benchmarks_job SET state = 'running' WHERE state = 'queued' RETURNING asked"


def run() -> Iterator[Figure]:
    """Yield the middle and the 95th percentile of both clusters; what was stored for it is deleted."""
    logging.getLogger("django-q").setLevel(logging.WARNING)
    limit, stock = bare_seconds(), stock_seconds()
    with worker():
        quick, long = our_seconds("default"), our_seconds("long")
    for name, percentile, budget in (("p50", 50, None), ("p95", 95, BUDGET)):
        yield Figure(
            name=f"enqueue to start, {name} of {JOBS} jobs",
            ours=at_percentile(quick, percentile),
            stock=at_percentile(stock, percentile),
            limit=at_percentile(limit, percentile),
            budget=budget,
        )
        yield Figure(name=f"the same of long jobs, {name}", ours=at_percentile(long, percentile), budget=budget)


def at_percentile(seconds: list[float], percentile: int) -> float:
    """Return the value that so many per cent of the others do not exceed."""
    return statistics.quantiles(seconds, n=100)[percentile - 1]


def at_no_regular_times(ask: Callable[[], object]) -> None:
    """Ask for one job after another, each time once the worker is idle again."""
    pauses = random.Random(1)  # noqa: S311 - the same ones in each run
    for _job in range(WARMING_UP + JOBS):
        time.sleep(pauses.uniform(*PAUSES))
        ask()


@contextmanager
def worker() -> Iterator[None]:
    """Run the desk's worker, both of its clusters."""
    with tempfile.TemporaryDirectory() as folder:
        started = TestWorker(Path(folder), DJANGO_SETTINGS_MODULE="tests.benchmarks.worker_settings")
        try:
            started.wait_until_whole()
            yield
        finally:
            started.end()
            Job.objects.all().delete()
            Worker.objects.all().delete()
            OrmQ.objects.all().delete()


def our_seconds(queue: str) -> list[float]:
    """Return how long each job of a queue waited."""
    jobs = Job.objects.filter(kind=KIND, queue=queue)
    at_no_regular_times(lambda: enqueue_job(kind=KIND, args={"asked": time.time()}, queue=queue))
    wait_until(lambda: jobs.succeeded(KIND).count() == WARMING_UP + JOBS)
    return [job.result["waited"] for job in jobs.order_by("pk")[WARMING_UP:]]


def stock_seconds() -> list[float]:
    """Return how long each task of a stock cluster waited."""
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.stock_worker_settings",
    }
    command = [sys.executable, "manage.py", "qcluster"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=quiet, stderr=quiet) as cluster:
        try:
            broker = ORM("stock")
            async_task(STOCK, time.time(), broker=broker)
            wait_until(Task.objects.exists)
            at_no_regular_times(lambda: async_task(STOCK, time.time(), broker=broker))
            wait_until(lambda: not OrmQ.objects.exists())
            # The queue is empty before the last result is kept.
            wait_until(lambda: Task.objects.count() > JOBS)
        finally:
            cluster.terminate()
    waited = list(Task.objects.order_by("started").values_list("result", flat=True))[-JOBS:]
    Task.objects.all().delete()
    return waited


def address() -> str:
    """Return the address of the database of this run."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))


def bare_seconds() -> list[float]:
    """Return how long each row waited for its claim, by a listener with a connection of its own."""
    waited: list[float] = []
    with psycopg.connect(address(), autocommit=True) as asker, psycopg.connect(address(), autocommit=True) as listener:
        asker.execute("CREATE UNLOGGED TABLE benchmarks_job (id int PRIMARY KEY, state text, asked float)")
        listener.execute("LISTEN benchmarks_job")
        claiming = threading.Thread(target=claim, args=(listener, waited))
        claiming.start()
        numbers = iter(range(WARMING_UP + JOBS))
        at_no_regular_times(lambda: asker.execute(INSERT_AND_NOTIFY, [next(numbers), time.time()]))
        claiming.join()
        asker.execute("DROP TABLE benchmarks_job")
    return waited[WARMING_UP:]


def claim(listener: psycopg.Connection, waited: list[float]) -> None:
    """Claim each row of which a notification tells, until all were."""
    while len(waited) < WARMING_UP + JOBS:
        list(listener.notifies(timeout=1, stop_after=1))
        waited += [time.time() - asked for (asked,) in listener.execute(CLAIM)]
