"""A job cluster that is started again whenever it dies, as whoever runs a desk starts its own."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection


class Cluster:
    """`manage.py qcluster` on the database of the tests; `largest` is the most memory a process of it had, in KiB."""

    def __init__(self, files: Path) -> None:
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        self.environment = os.environ | {
            "DATABASE_URL": urlunsplit(url),
            "DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings",
            "BACKOFFICE_DATA_DIR": str(files),
        }
        self.log = files / "cluster.log"
        self.kills = 0
        self.starts = 0
        self.largest = 0
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        self.starts += 1
        command = [sys.executable, "manage.py", "qcluster"]
        with self.log.open("a") as log:
            return subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def keep_alive(self) -> None:
        """Start the cluster again if its head is gone, and note how large its processes are."""
        if self.process.poll() is not None:
            self.end()
            self.process = self._start()
        self.largest = max([self.largest, *self._sizes().values()])

    def kill_one(self, chance: random.Random) -> None:
        """Kill one process of the cluster, whichever: its head, a worker, or one of those between them."""
        pids = sorted(self._sizes())
        if pids:
            os.kill(chance.choice(pids), signal.SIGKILL)
            self.kills += 1

    def end(self) -> None:
        """Kill all of it."""
        for pid in self._sizes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _sizes(self) -> dict[int, int]:
        listing = ["ps", "-o", "pid=,rss=,stat=", "-g", str(self.process.pid)]
        lines = subprocess.run(listing, capture_output=True, text=True, check=False).stdout.splitlines()
        return {int(pid): int(size) for pid, size, state in map(str.split, lines) if not state.startswith("Z")}
