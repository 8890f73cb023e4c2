"""Looking after the clusters that run jobs: one for each queue, started again when it dies or freezes."""

import contextlib
import logging
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from backoffice.jobs.services import (
    enqueue_wanted_jobs,
    excuse_worker,
    forget_workers,
    is_frozen,
    renew_worker,
    report_worker,
    send_canary,
)
from backoffice.jobs.tasks import tick
from backoffice.supervisor import SupervisorError, how_it_ended, signal_group

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
REPORT_SECONDS = 5
WANTED_SECONDS = 2
# A cluster that dies or freezes so often, and does no work in between, is beyond help from here.
MOST_STARTS = 5
LONGEST_PAUSE = 30


class Cluster:
    """The processes that run the jobs of one queue, in a session of their own.

    They live as long as this process: their standard input is a pipe that ends with it, however it ends.
    """

    def __init__(self, queue: str, command: list[str], *, processes: int) -> None:
        self.queue = queue
        self.command = command
        self.processes = processes
        self.worker = uuid.uuid4()
        self.restarts = 0
        self.failures = 0
        self.is_new = False
        self.starts_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the processes."""
        environment = os.environ | {"Q_CLUSTER_NAME": self.queue, "BACKOFFICE_WORKER": str(self.worker)}
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, env=environment, start_new_session=True, cwd=settings.BASE_DIR
        )
        self.is_new = True
        logger.info("The job cluster “%s” starts as process %d", self.queue, self.process.pid)

    def look_after(self) -> None:
        """Start the processes when it is time to, and again when the head of them has died."""
        if self.process is None:
            if time.monotonic() >= self.starts_at:
                self.start()
        elif (code := self.process.poll()) is not None:
            self.fail(f"ended by itself ({how_it_ended(code)})")

    def fail(self, what: str) -> None:
        """End what is left of the processes, to start them again; SupervisorError when that was no help before."""
        self.failures += 1
        self.restarts += 1
        logger.error("The job cluster “%s” %s; it is started again", self.queue, what)
        self.kill()
        if self.failures >= MOST_STARTS:
            raise SupervisorError(
                f"The job cluster “{self.queue}” failed {self.failures} times in a row: at last it {what}. "
                "The lines above say why."
            )
        self.starts_at = time.monotonic() + min(2 ** (self.failures - 1) - 1, LONGEST_PAUSE)

    def report(self) -> None:
        """Tell the table of workers how it is, and learn whether it did any work since it was started."""
        proven = report_worker(worker=self.worker, queue=self.queue, processes=self.processes, restarts=self.restarts)
        if proven and not self.is_new:
            self.failures = 0
        if self.is_new:
            renew_worker(worker=self.worker)
            self.is_new = False

    def ask_to_stop(self) -> None:
        """Let the processes end what they do, and take nothing more."""
        if self.process is not None:
            signal_group(self.process.pid, signal.SIGTERM, only_leader=True)

    def kill(self) -> None:
        """End all processes now."""
        if self.process is not None:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
            assert self.process.stdin is not None  # noqa: S101 - it was made as a pipe
            self.process.stdin.close()
            self.process = None


class Supervisor:
    """Keeps a cluster for each queue at work, and does each minute what makes jobs due and lost ones found."""

    def __init__(self, commands: Mapping[str, list[str]], processes: Mapping[str, int]) -> None:
        self.clusters = [Cluster(queue, command, processes=processes[queue]) for queue, command in commands.items()]
        self.reports_at = 0.0
        self.ticks_at = 0.0
        self.wanted_at = 0.0
        self.database_was_away = False

    def run(self) -> None:
        """Look after the clusters until somebody asks to stop; raise SupervisorError when one is beyond help."""
        try:
            while True:
                for cluster in self.clusters:
                    cluster.look_after()
                self.try_to_beat()
                time.sleep(LOOK_SECONDS)
        finally:
            self.stop()

    def try_to_beat(self) -> None:
        """Do what needs the database; while that is away, the clusters are left as they are."""
        try:
            self.beat()
        except (DatabaseError, InterfaceError):
            if not self.database_was_away:
                logger.exception("The database does not answer; jobs wait until it does")
            self.database_was_away = True
            connection.close()
            self.reports_at = time.monotonic() + 1

    def beat(self) -> None:
        """Enqueue what is wanted; report the workers; each minute enqueue what is due, find what is lost, and ask for
        signs of life.
        """
        if time.monotonic() >= self.wanted_at:
            self.wanted_at = time.monotonic() + WANTED_SECONDS
            enqueue_wanted_jobs()
        if time.monotonic() < self.reports_at:
            return
        for cluster in self.clusters:
            cluster.report()
        if self.database_was_away:
            for cluster in self.clusters:
                excuse_worker(worker=cluster.worker)
            self.database_was_away = False
        self.reports_at = time.monotonic() + min(REPORT_SECONDS, settings.JOBS_TICK_SECONDS)
        for cluster in self.clusters:
            self.check(cluster)
        if time.monotonic() >= self.ticks_at:
            self.ticks_at = time.monotonic() + settings.JOBS_TICK_SECONDS
            tick()
            for cluster in self.clusters:
                send_canary(worker=cluster.worker, queue=cluster.queue)

    def check(self, cluster: Cluster) -> None:
        """Start a cluster again that leaves its canary unanswered although it has nothing to do."""
        patience = timedelta(seconds=settings.JOBS_CANARY_SECONDS)
        if cluster.process is not None and is_frozen(worker=cluster.worker, patience=patience):
            cluster.fail(f"does not answer since {patience.seconds} s, although all its processes may be there")

    def stop(self) -> None:
        """Let all clusters end their jobs for a while, then end them."""
        for cluster in self.clusters:
            cluster.ask_to_stop()
        deadline = time.monotonic() + settings.JOBS_STOP_SECONDS
        for cluster in self.clusters:
            if cluster.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    cluster.process.wait(max(0.1, deadline - time.monotonic()))
            cluster.kill()
        with contextlib.suppress(DatabaseError, InterfaceError):
            forget_workers(workers=[cluster.worker for cluster in self.clusters])
