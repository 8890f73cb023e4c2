"""Files of rows that come from Python, or straight from the database."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from backoffice.spreadsheets.formulas import neutralise
from backoffice.spreadsheets.writers.base import Ending, SheetColumn, UnwritableFile, replacing
from backoffice.spreadsheets.writers.copying import Source, copy_csv
from backoffice.spreadsheets.writers.objects import copy_objects
from backoffice.spreadsheets.writers.opendocument import copy_document
from backoffice.spreadsheets.writers.texts import TEXTS
from backoffice.spreadsheets.writers.workbook import copy_workbook, write_workbook

SUFFIXES = (".csv", ".csv.gz", ".xlsx")
QUERY_SUFFIXES = (*SUFFIXES, ".ods", ".json")
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


def write_query(path: Path, source: Source) -> int:
    """Write the rows of a query to a file of one of QUERY_SUFFIXES, by its name, and return how many there were.

    PostgreSQL writes the rows, so that a hundred thousand of them take about a second. The file appears when it is
    whole. Rows beyond the last of a sheet go on in another sheet. Raises UnwritableFile.
    """
    suffix = suffix_of(path, QUERY_SUFFIXES)
    with replacing(path) as file:
        match suffix:
            case ".xlsx":
                return copy_workbook(file, source)
            case ".ods":
                return copy_document(file, source)
            case ".json":
                return copy_objects(file, source)
            case ".csv":
                return _copy_text(file, source)
        with compressed(file) as stream:
            return _copy_text(stream, source)


def _copy_text(stream: IO[bytes] | gzip.GzipFile, source: Source) -> int:
    write_csv(stream, source.columns, [])
    return copy_csv(source, stream)


def suffix_of(path: Path, suffixes: Sequence[str] = SUFFIXES) -> str:
    """Return the suffix of a file that can be written, or refuse it."""
    for suffix in suffixes:
        if path.name.lower().endswith(suffix):
            return suffix
    message = _("“%(name)s” is not a name of a file that is written. End it with one of: %(suffixes)s.")
    raise UnwritableFile(message % {"name": path.name, "suffixes": ", ".join(suffixes)}, code="wrong_type")


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
