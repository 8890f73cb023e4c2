"""What `manage.py run` needs around Django: one desk a data folder, a free port, children that end with it."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

# What is left of children after asking them to stop for this long is killed.
STOP_SECONDS = 15
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_held: list[IO[str]] = []


class SupervisorError(Exception):
    """The desk cannot start, or not go on; the text says why, and what to do about it."""


class StopRequested(SystemExit):
    """Somebody asked the desk to stop, by Ctrl-C, a signal, or closing the terminal."""


@dataclass
class Child:
    """A process of the desk, by the name people know it by."""

    name: str
    process: subprocess.Popen[bytes]


def claim_desk(data_dir: Path, port: str) -> None:
    """Make this process the one that runs the desk of `data_dir` on `port`, or say why it cannot."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "run.lock").open("w")
    except OSError as error:
        raise SupervisorError(
            f"The desk cannot keep its files in {data_dir}: {error.strerror}. "
            "Set BACKOFFICE_DATA_DIR to a folder you may write to."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SupervisorError(
            f"The desk of {data_dir} is running already. Stop it with Ctrl-C where it was started, "
            "or set BACKOFFICE_DATA_DIR to run another one."
        ) from error
    _held.append(lock)
    end_leftovers(children_file(data_dir))
    refuse_taken_port(port)


def children_file(data_dir: Path) -> Path:
    """Return the file that remembers the children, for the start after a kill."""
    return data_dir / "run.children"


def refuse_taken_port(port: str) -> None:
    """Raise unless a server could listen on `port` of this machine."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise SupervisorError(f"PORT is “{port}”, which is no port. Choose a number, as in: PORT=8001 make run")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except PermissionError as error:
            raise SupervisorError(f"Port {port} needs root. Choose one above 1023: PORT=8001 make run") from error
        except OSError as error:
            raise SupervisorError(
                f"Port {port} is in use by another program. Stop that one, or choose another port: PORT=8001 make run"
            ) from error


def start_child(name: str, command: list[str], *, remember_in: Path) -> Child:
    """Start a process in a session of its own: Ctrl-C reaches only the one that stops all of them in order."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    with remember_in.open("a") as file:
        file.write(f"{process.pid}\n")
    return Child(name, process)


def watch(children: list[Child]) -> None:
    """Return never while all children live; raise as soon as one does not."""
    while True:
        for child in children:
            code = child.process.poll()
            if code is not None:
                raise SupervisorError(f"The {child.name} stopped by itself ({how_it_ended(code)}), so the desk stops.")
        time.sleep(0.2)


def how_it_ended(code: int) -> str:
    """Return an exit code in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def stop_children(children: list[Child]) -> None:
    """Ask the children to stop, last started first, then kill what is left of them and of their own children."""
    for child in reversed(children):
        signal_group(child.process.pid, signal.SIGTERM, only_leader=True)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, deadline - time.monotonic()))
        signal_group(child.process.pid, signal.SIGKILL)
        child.process.wait()


def end_leftovers(remembered: Path) -> None:
    """End the children of a desk that was killed before it could."""
    if not remembered.exists():
        return
    pids = [int(line) for line in remembered.read_text().split() if is_ours(int(line))]
    for pid in pids:
        signal_group(pid, signal.SIGTERM, only_leader=True)
    deadline = time.monotonic() + STOP_SECONDS
    while any(is_ours(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in pids:
        signal_group(pid, signal.SIGKILL)
    remembered.unlink(missing_ok=True)


def is_ours(pid: int) -> bool:
    """Whether `pid` is still a process of a desk: its number may be another program's by now."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return "backoffice.wsgi" in listing or "run_worker" in listing


def signal_group(pid: int, number: int, *, only_leader: bool = False) -> None:
    """Send a signal to a child, or to it and all its descendants; they may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        if only_leader:
            os.kill(pid, number)
        else:
            os.killpg(pid, number)


def stop_on_signals() -> None:
    """Turn Ctrl-C, a request to end, and a closed terminal into one `StopRequested`."""

    def request_stop(number: int, _frame: Any) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGHUP:  # nobody reads on: writing would fail
            sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
        raise StopRequested(0)

    for each in STOP_SIGNALS:
        signal.signal(each, request_stop)
