"""The record of heads outside the database: a file that grows by a line each time the history is sealed.

A line is a time, the number of the newest seal, its hash and what was done:
`2026-03-01T09:31:00+00:00 42 9f86 sealed`.
A line of a seal that is to replace another is written before, and says so: without it nobody may replace a seal.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.conf import settings

PLANNED = "planned"


@dataclass(frozen=True)
class Line:
    """The head at one time, or a seal that was about to be made."""

    number: int
    hash: str
    done: str


class Witness:
    """The open file; nobody else writes it meanwhile."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self.file = path, file

    def heads(self) -> Iterator[Line]:
        """Yield the heads, oldest first."""
        return (line for line in self.lines() if line.done != PLANNED)

    def planned(self) -> set[tuple[int, str]]:
        """Return number and hash of each seal that was to replace another."""
        return {(line.number, line.hash) for line in self.lines() if line.done == PLANNED}

    def lines(self) -> Iterator[Line]:
        """Yield what was written; a line that was cut off while it was written says nothing."""
        self.file.seek(0)
        for line in self.file:
            words = line.decode(errors="replace").split()
            if len(words) == 4 and words[1].isdigit() and line.endswith(b"\n"):
                yield Line(int(words[1]), words[2], words[3])

    def last(self) -> Line | None:
        """Return the newest head."""
        newest = None
        for line in self.heads():
            newest = line
        return newest

    def write(self, number: int, head: str, done: str) -> None:
        """Add a head, for good: it is on the disk when this returns."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.file.write(self.end_of_a_cut_line() + f"{at} {number} {head} {done}\n".encode())
        self.file.flush()
        os.fsync(self.file.fileno())

    def end_of_a_cut_line(self) -> bytes:
        """Return what ends a line that was cut off, so that the next one stands alone."""
        if self.file.seek(0, os.SEEK_END) == 0:
            return b""
        self.file.seek(-1, os.SEEK_END)
        return b"" if self.file.read() == b"\n" else b"\n"


@contextmanager
def open_witness(*, writing: bool) -> Iterator[Witness]:
    """Open the record, alone when `writing`; it begins empty."""
    path = Path(settings.HISTORY_HEADS_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)
        yield Witness(path, file)
