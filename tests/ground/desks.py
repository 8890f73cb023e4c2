"""A desk of a test: `manage.py run` as a person starts it, on a data folder and a port of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]
SECONDS = 90


def free_port() -> str:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def clean_environment(**extra: str) -> dict[str, str]:
    """Return what a new terminal has: nothing of this test run's."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1"} | extra


class Desk:
    """One run of the desk; its output is kept in `log`."""

    def __init__(self, data_dir: Path, port: str | None = None, log: Path | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.log = log or data_dir.parent / f"run-{time.monotonic_ns()}.log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [*MANAGE, "run", "--orders", "5"],
                env=clean_environment(BACKOFFICE_DATA_DIR=str(data_dir), PORT=self.port),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until_ready(self) -> "Desk":
        """Return once it has said where it is."""
        deadline = time.monotonic() + SECONDS
        while "The desk is at" not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        return self

    def output(self) -> str:
        """Return all it wrote so far."""
        return self.log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def children(self) -> list[int]:
        """Return the processes it started."""
        return [int(line) for line in (self.data_dir / "run.children").read_text().split()]

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


def runs(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not re.match(r"\s*Z", state)


def ends_soon(pid: int) -> bool:
    """Whether a process is gone within a moment."""
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not runs(pid)
