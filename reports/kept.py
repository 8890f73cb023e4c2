"""The rows of runs, kept beside their files whatever the format, so that two runs can be compared."""

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from backoffice.spreadsheets.writers import replacing
from reports.catalogue.base import Report, Row
from reports.formats import as_plain

FASTEST = 1


@contextmanager
def keeping(path: Path, report: Report) -> Iterator[Callable[[Row], None]]:
    """Give what keeps a row in the file `path`: a line of JSON each, with the key, below the names of all of it.

    A failure leaves no file.
    """
    with replacing(path) as raw, gzip.GzipFile("", "wb", FASTEST, raw, mtime=0) as file:

        def keep(row: Row) -> None:
            file.write(orjson.dumps(list(row), default=as_plain) + b"\n")

        keep(names_of(report))
        yield keep
    path.chmod(0o600)


def kept_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines that `keeping` wrote, that of the names first."""
    with gzip.open(path, "rb") as file:
        yield from file


def names_of(report: Report) -> Sequence[str]:
    """Return the names of what a row holds: the columns, then the key."""
    return [*(column.name for column in report.columns), *(f"key {name}" for name in report.key)]
