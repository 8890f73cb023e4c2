"""A job worker that is started again whenever it dies, as whoever runs a desk starts its own."""

import os
import random
import signal
import subprocess
from pathlib import Path

from tests.jobs.workers import TestWorker


class Cluster(TestWorker):
    """`manage.py run_worker`; `largest` is the most memory a process of it had, in KiB."""

    def __init__(self, files: Path) -> None:
        self.kills = 0
        self.starts = 0
        self.largest = 0
        super().__init__(files)

    def start(self, **environment: str) -> None:
        self.starts += 1
        super().start(**environment)

    def keep_alive(self) -> None:
        """Start it again if its head is gone, and note how large its processes are."""
        if self.process.poll() is not None:
            self.start()
        self.largest = max([self.largest, *self._sizes()])

    def kill_one(self, chance: random.Random) -> None:
        """Kill one process, whichever: the one that looks after all, a worker, or one of those between them."""
        pids = sorted(self.tree())
        if pids:
            os.kill(chance.choice(pids), signal.SIGKILL)
            self.kills += 1

    def _sizes(self) -> list[int]:
        listing = ["ps", "-o", "rss=", "-p", ",".join(map(str, self.tree() or [0]))]
        return [
            int(size) for size in subprocess.run(listing, capture_output=True, text=True, check=False).stdout.split()
        ]
