"""Files of report runs: rows as they stream, with totals and with what was asked, when and by whom."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from reports.execution import Reading
from reports.formats import as_plain
from reports.models import ReportRun


def write_report(run: ReportRun, reading: Reading) -> None:
    """Write the rows of `reading` to the path of `run`, in its format; a failure leaves no file."""
    with _replacing(run.path) as file:
        _write_json(run, reading, file)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(run: ReportRun, reading: Reading, file: BinaryIO) -> None:
    declared = reading.report.columns
    columns = [{"name": column.name, "label": str(column.label), "kind": column.kind.value} for column in declared]
    head = {
        "report": run.report,
        "title": run.title,
        "parameters": run.parameters,
        **run.resolved,
        "as_of": reading.as_of,
        "currency": reading.report.currency(reading.question),
        "columns": columns,
    }
    names = [column.name for column in declared]
    file.write(orjson.dumps(head)[:-1] + b',"rows":[')
    for row in reading:
        file.write(b"\n" if reading.row_count == 1 else b",\n")
        file.write(orjson.dumps(dict(zip(names, row, strict=True)), default=as_plain))
    tail = {"totals": reading.totals, "row_count": reading.row_count}
    file.write(b"],\n" + orjson.dumps(tail, default=as_plain)[1:] + b"\n")


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Write beside `path` and take its place at the end, so that a file there is always whole."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete_on_close=False) as file:
        yield file  # type: ignore[misc]
        file.close()
        Path(file.name).replace(path)
