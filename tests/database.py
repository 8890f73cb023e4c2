"""The PostgreSQL under a test run: one for all its processes, in a folder that goes when the run ends.

Loaded with `-p` before Django's settings are read. With DATABASE_URL set, the tests use that server.
"""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from backoffice.embedded import EmbeddedError, EmbeddedPostgres

FOLDER_PREFIX = f"backoffice-tests-{os.getuid()}-"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests():
    """Start the server before Django asks where it is; workers of xdist inherit the address."""
    if not os.environ.get("DATABASE_URL"):
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
        sweep_leftovers()
        try:
            start_server()
        except EmbeddedError as error:
            raise pytest.UsageError(str(error)) from error
    return (yield)


def start_server() -> None:
    """Start a server in a new folder, and remove both when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    folder.chmod(0o711)
    server = ThrowawayPostgres(folder / "postgres", throwaway=True)
    os.environ["DATABASE_URL"] = server.start()


class ThrowawayPostgres(EmbeddedPostgres):
    """A server whose files nobody wants once it has stopped."""

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.folder.parent, ignore_errors=True)


def sweep_leftovers() -> None:
    """Remove the servers of runs that were killed: nobody holds their lock any more."""
    for users in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*/postgres.users"):
        with users.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            ThrowawayPostgres(users.with_suffix(""), throwaway=True).stop()
