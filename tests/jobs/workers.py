"""A job worker of a test: `manage.py run_worker` on the test's database, and the means to kill any part of it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from backoffice.jobs.models import Job
from backoffice.supervisor import signal_group
from tests.ground.desks import ends_soon, runs

PATIENCE = 30
# How each process says in the log which one it is.
ROLES = {"worker": "ready for work at", "pusher": "pushing tasks at", "monitor": "monitoring at"}
VICTIMS = ("worker", "pusher", "monitor", "sentinel", "head", "tree")
WHOLE_CLUSTER = ("sentinel", "head", "tree")
# What the database calls the sessions of the worker; a live server of the same run has some of its own.
SESSIONS = "worker of a test"
POINTS = ("before claim", "after claim", "middle", "after effect", "after commit")


def wait_until(condition: Callable[[], Any], *, patience: float = PATIENCE) -> None:
    """Return once `condition` holds; fail, telling how the jobs are, when it never does."""
    deadline = time.monotonic() + patience
    while not condition():
        jobs = Job.objects.exclude(kind="jobs.canary").values("pk", "kind", "state", "attempt", "error")
        assert time.monotonic() < deadline, list(jobs)
        time.sleep(0.05)


class TestWorker:
    """One run of the worker, which a test may start anew; its output is kept in `log`."""

    __test__ = False

    def __init__(self, folder: Path, **environment: str) -> None:
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        self.folder = folder
        self.log = folder / "worker.log"
        self.environment = os.environ | {
            "DATABASE_URL": urlunsplit(url),
            "DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings",
            "BACKOFFICE_DATA_DIR": str(folder),
            "PGAPPNAME": SESSIONS,
        }
        self.start(**environment)

    def start(self, **environment: str) -> None:
        """Start it, once more if it ran before."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run_worker"],
                cwd=settings.BASE_DIR,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def output(self) -> str:
        """Return all it wrote so far."""
        return self.log.read_text()

    def head(self, queue: str = "default") -> int:
        """Return the first process of the newest cluster of a queue."""
        starts = re.findall(rf"The job cluster “{queue}” starts as process (\d+)", self.output())
        return int(starts[-1]) if starts else 0

    def tree(self) -> dict[int, int]:
        """Return the parents of all its living processes, itself included."""
        listing = subprocess.run(["ps", "-axo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
        living = {int(pid): int(ppid) for pid, ppid, stat in map(str.split, listing.splitlines()) if stat[0] != "Z"}
        mine = {self.process.pid}
        while grown := {pid for pid, ppid in living.items() if ppid in mine} - mine:
            mine |= grown
        return {pid: living[pid] for pid in mine if pid in living}

    def pids(self, role: str, queue: str = "default") -> list[int]:
        """Return the living processes that are `role` in the cluster of a queue."""
        tree, head = self.tree(), self.head(queue)
        sentinels = [pid for pid, parent in tree.items() if parent == head]
        if role in ROLES:
            told = {int(pid) for pid in re.findall(rf"{ROLES[role]} (\d+)", self.output())}
            return [pid for pid, parent in tree.items() if parent in sentinels and pid in told]
        return {"sentinel": sentinels, "head": [head] if head in tree else [], "tree": list(tree)}[role]

    def is_whole(self) -> bool:
        """Whether each cluster has all its processes."""
        return all(self.pids(role, queue) for role in ROLES for queue in ("default", "long"))

    def wait_until_whole(self) -> None:
        """Return once each cluster has all its processes; a part that died may be missed only when a canary is."""
        wait_until(self.is_whole, patience=3 * PATIENCE)

    def kill(self, role: str, queue: str = "default") -> None:
        """Kill all processes that are `role`: the workers of a queue, its pusher …, or everything."""
        for pid in self.pids(role, queue):
            os.kill(pid, signal.SIGKILL)
        if role == "tree":
            self.process.wait()

    def kill_at(self, name: str, role: str) -> None:
        """Kill the worker that holds the job called `name`, or another part of its cluster, and let the job go on.

        With its sentinel or its head, all of a cluster is ended.
        """
        holder = int((self.folder / f"reached {name}").read_text())
        if role == "worker":
            os.kill(holder, signal.SIGKILL)
        else:
            self.kill(role)
        if role in WHOLE_CLUSTER:
            assert ends_soon(holder)
        self.let_go(name)

    def reached(self, name: str) -> bool:
        """Whether the job called `name` is at the point where it is held."""
        reached = self.folder / f"reached {name}"
        return reached.exists() and bool(reached.read_text())

    def let_go(self, name: str) -> None:
        """Let the job called `name` go on."""
        (self.folder / f"go {name}").touch()

    def stop(self) -> int:
        """Ask it to stop, and return its exit status; nothing of it is left then."""
        started = list(self.tree())
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        assert [pid for pid in started if runs(pid) and not ends_soon(pid)] == []
        return status

    def end(self) -> None:
        """Leave nothing of it behind, whatever a test did to it, and return once the database knows."""
        self.kill("tree")
        for head in re.findall(r"starts as process (\d+)", self.output()):
            signal_group(int(head), signal.SIGKILL)
        wait_until(self.has_left_the_database)

    def has_left_the_database(self) -> bool:
        """Whether none of its processes is connected to the database of the tests."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
                [SESSIONS],
            )
            return bool(cursor.fetchone()[0] == 0)
