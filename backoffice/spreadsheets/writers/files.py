"""Files of rows that come from Python."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from backoffice.spreadsheets.formulas import neutralise
from backoffice.spreadsheets.writers.base import Ending, SheetColumn, UnwritableFile, replacing
from backoffice.spreadsheets.writers.texts import TEXTS
from backoffice.spreadsheets.writers.workbook import write_workbook

SUFFIXES = (".csv", ".csv.gz", ".xlsx")
# Excel takes a CSV file without this mark for the encoding of its own country.
MARK = b"\xef\xbb\xbf"


def write_sheet(
    path: Path,
    columns: Sequence[SheetColumn],
    rows: Iterable[Sequence[Any]],
    *,
    split: bool = False,
    ending: Ending | None = None,
) -> int:
    """Write a .csv, .csv.gz or .xlsx file, by its name, and return the number of rows below the header.

    Each row has one value a column, of the column's kind, or None for a blank cell. The file appears when it is
    whole. With `split` rows beyond the last of a sheet go on in another sheet. A CSV file holds rows alone, without
    `ending`. Raises UnwritableFile.
    """
    suffix = suffix_of(path)
    with replacing(path) as file:
        if suffix == ".xlsx":
            return write_workbook(file, columns, rows, split=split, ending=ending or Ending())
        if suffix == ".csv":
            return write_csv(file, columns, rows)
        with compressed(file) as stream:
            return write_csv(stream, columns, rows)


def suffix_of(path: Path) -> str:
    """Return the suffix of a file that can be written, or refuse it."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return suffix
    message = _("“%(name)s” is not a name of a file that is written. End it with one of: %(suffixes)s.")
    raise UnwritableFile(message % {"name": path.name, "suffixes": ", ".join(SUFFIXES)}, code="wrong_type")


def write_csv(stream: IO[bytes] | gzip.GzipFile, columns: Sequence[SheetColumn], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows as CSV in UTF-8, marked so that Excel reads it as that, and return how many there were."""
    stream.write(MARK)
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([neutralise(column.header) for column in columns])
    texts = [TEXTS[column.kind] for column in columns]
    count = 0
    for row in rows:
        writer.writerow([None if value is None else text_of(value) for text_of, value in zip(texts, row, strict=True)])
        count += 1
    text.detach()
    return count


def compressed(file: IO[bytes]) -> gzip.GzipFile:
    """Return a stream that compresses into a file; it keeps no name and no time: the same rows are the same bytes."""
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)
