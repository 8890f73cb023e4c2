"""A desk worked for minutes, not moments, while processes of its job cluster are killed: what must hold afterwards.

SOAK_MINUTES says how long (3 unless told), SOAK_SEED which work is done.
"""

import logging
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import INVARIANT_MARKER

from backoffice.changes.completeness import history_gaps
from backoffice.jobs.models import Job
from backoffice.jobs.services import enqueue_job
from catalog.models import Category
from reports.models import ReportRun
from reports.services import request_run
from reports.tasks import PRODUCE
from tests.factories import make_customer, make_product
from tests.jobs import kinds  # noqa: F401
from tests.orders.test_invariants import Desk
from tests.soak.cluster import Cluster

MINUTES = float(os.environ.get("SOAK_MINUTES", "3"))
SEED = os.environ.get("SOAK_SEED", "1")
SECONDS_BETWEEN_KILLS = 5
PATIENCE = 300
WORKER_LIMIT = 200 * 1024  # KiB, the budget of a job worker
ORDERS_AT_HAND = 40

pytestmark = pytest.mark.django_db(transaction=True)


class BusyDesk(Desk):
    """The desk of the random work on orders, with stock for longer, whose work is committed."""

    def open_desk(self) -> None:
        self.customer = make_customer()
        self.products = [
            make_product(on_hand=500, price="9.99", tax_rate=20),
            make_product(on_hand=200, price="0.3333", tax_rate="7.5"),
            make_product(on_hand=1, price="25.00", allow_backorder=True),
        ]
        self.orders = []

    def work(self, chance: random.Random) -> None:
        """Do one thing at random, mostly to one of the newest orders."""
        self.orders = self.orders[-ORDERS_AT_HAND:]
        some = {"pick": chance.randrange(ORDERS_AT_HAND), "which": chance.randrange(3), "count": chance.randint(1, 4)}
        some |= {"everything": chance.random() < 0.5}
        amount = Decimal(chance.randint(1, 6000)) / 100
        steps: list[Callable[[], None]] = [
            lambda: self.sell(counts=[chance.randint(0, 3) for _ in range(3)], discount=amount / 10, shipping=amount),
            lambda: self.pay(pick=some["pick"], amount=amount, exact=some["everything"]),
            lambda: self.ship(**some),
            lambda: self.cancel(**some),
            lambda: self.refund(
                pick=some["pick"], amount=amount, result=chance.choice(["wait", "succeeded", "failed"])
            ),
            lambda: self.take_back(**some, sellable=chance.random() < 0.5),
            lambda: self.hold(pick=some["pick"], on=some["everything"]),
            lambda: self.receive(which=some["which"], count=some["count"] * 5),
            lambda: self.count(which=some["which"], counted=chance.randint(0, 300)),
        ]
        chance.choices(steps, weights=[4, 4, 4, 1, 1, 1, 1, 1, 1])[0]()

    def check_the_books(self) -> None:
        """Hold everything to what the random work holds after each of its steps."""
        for name in dir(Desk):
            check = getattr(self, name)
            if hasattr(check, INVARIANT_MARKER):
                check()


@pytest.fixture
def cluster(tmp_path: Path, settings: Any) -> Iterator[Cluster]:
    settings.MEDIA_ROOT = tmp_path / "files"
    logging.getLogger("django-q").setLevel(logging.WARNING)  # it says each message that it sends
    started = Cluster(tmp_path)
    yield started
    started.end()


def ask_for_a_job(chance: random.Random, number: int) -> None:
    """Ask for work that lasts a moment, kills its worker the first time, or writes a report."""
    wanted = chance.choice(["tests.write", "tests.write", "tests.die", PRODUCE])
    if wanted == PRODUCE:
        run = request_run(report="stock-value", given={}, file_format="csv")
        enqueue_job(kind=PRODUCE, key=str(run.pk), args={"run": run.pk})
    else:
        enqueue_job(kind=wanted, args={"name": f"{number}"} | ({"times": 1} if wanted == "tests.die" else {}))


def own_size() -> int:
    """Return how much memory this process has now, in KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def test_the_desk_holds(cluster: Cluster, settings: Any) -> None:
    chance, desk = random.Random(SEED), BusyDesk()  # noqa: S311
    desk.open_desk()
    steps, jobs, next_job, next_kill = 0, 0, 0.0, time.monotonic() + SECONDS_BETWEEN_KILLS
    ends = time.monotonic() + MINUTES * 60
    while time.monotonic() < ends:
        desk.work(chance)
        steps += 1
        if time.monotonic() > next_job:
            jobs += 1
            ask_for_a_job(chance, jobs)
            cluster.keep_alive()
            next_job = time.monotonic() + 1
        if time.monotonic() > next_kill:
            cluster.kill_one(chance)
            next_kill = time.monotonic() + SECONDS_BETWEEN_KILLS

    patience = time.monotonic() + PATIENCE
    while Job.objects.open().exists() and time.monotonic() < patience:
        cluster.keep_alive()
        time.sleep(0.5)
    became = Counter(Job.objects.values_list("kind", "state"))
    print(f"\n{steps} steps, {jobs} jobs, {cluster.kills} kills, {cluster.starts} starts of the cluster, ")  # noqa: T201
    print(f"largest worker {cluster.largest // 1024} MiB, this process {own_size() // 1024} MiB; jobs: {dict(became)}")  # noqa: T201

    desk.check_the_books()
    assert history_gaps() == []
    assert not Job.objects.open().exists()
    assert sum(became.values()) >= jobs
    assert {state for _kind, state in became} <= {"succeeded", "lost"}
    written = Job.objects.filter(kind__startswith="tests.", state="succeeded").values_list("args__name", flat=True)
    assert sorted(Category.objects.values_list("name", flat=True)) == sorted(written)
    runs = ReportRun.objects.filter(pk__in=[int(key) for key in keys_of(PRODUCE, "succeeded")])
    assert {run.state for run in runs} <= {ReportRun.State.SUCCEEDED}
    assert all(run.path.exists() for run in runs)
    assert cluster.largest < WORKER_LIMIT


def keys_of(kind: str, state: str) -> list[str]:
    """Return what the jobs of a kind that ended so were about."""
    return list(Job.objects.filter(kind=kind, state=state).values_list("key", flat=True))
