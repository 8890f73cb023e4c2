"""Delimited text, plain or gzipped: one pass over the bytes to know what they are, one that streams the rows."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.spreadsheets.readers.base import Choices, Layout, Limits, Problem, Row, Sheet, UnreadableFile, laid_out
from backoffice.spreadsheets.readers.delimiters import (
    chosen_delimiter,
    declared_delimiter,
    detected_delimiter,
    has_space_after,
    sample_rows,
)
from backoffice.spreadsheets.readers.encodings import TextSurvey, chosen_encoding, wrong_encoding
from backoffice.spreadsheets.readers.headers import (
    column_letters,
    no_header_row,
    read_headers,
    unnamed_column_with_values,
)

CHUNK = 1024 * 1024
SAMPLE_LINES = 200


def open_text(path: Path, *, zipped: bool, choices: Choices, limits: Limits) -> Sheet:
    """Open a delimited text file; what is not given is detected."""
    with ExitStack() as opened:
        file: IO[bytes] = opened.enter_context(path.open("rb"))
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if zipped else file
        survey = survey_text(stream, packed=path.stat().st_size, limits=limits)
        layout = Layout(kind="csv", unpacked=survey.size)
        with laid_out(layout):
            encoding = survey.encoding()
            if choices.encoding:
                encoding = chosen_encoding(choices.encoding, start=survey.start)
            layout.encoding = encoding.removesuffix("-sig")
            stream.seek(0)
            text = opened.enter_context(io.TextIOWrapper(stream, encoding=encoding, newline=""))
            reader = TextReader(text, encoding=encoding, choices=choices, limits=limits)
            layout.delimiter = reader.delimiter
            headers = reader.read_headers()
        layout.header_row = reader.header_row
        return Sheet(
            **vars(layout),
            headers=headers,
            rows=reader.rows(),
            row_estimate=survey.lines,
            close=opened.pop_all().close,
        )


def survey_text(stream: IO[bytes], *, packed: int, limits: Limits) -> TextSurvey:
    """Read all bytes once, so that a file too large, cut off or binary is refused before its first row."""
    survey = TextSurvey()
    try:
        survey.read(_chunks_within(stream, packed, limits))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = _("The .gz file is cut off or damaged. Copy or compress it again.")
        raise UnreadableFile(message, code="damaged") from error
    if not survey.start.strip():
        raise UnreadableFile(_("The file is empty. Choose a file with a header row and data."), code="empty")
    return survey


def _chunks_within(stream: IO[bytes], packed: int, limits: Limits) -> Iterator[bytes]:
    size, limit = 0, limits.unzipped_bytes
    for chunk in iter(partial(stream.read, CHUNK), b""):
        size += len(chunk)
        limits.refuse_bomb(packed=packed, unpacked=size)
        if size > limit:
            message = _("Unpacked, the file is larger than the %(limit)d MB that are read. Split it.")
            raise UnreadableFile(message % {"limit": limit // 1024**2}, code="unzipped_bytes")
        yield chunk


class TextReader:
    """Cuts decoded lines into rows. Strict about quotes: a stray one is a problem, an unclosed one ends the reading."""

    def __init__(self, text: io.TextIOWrapper, *, encoding: str, choices: Choices, limits: Limits) -> None:
        """Detect the delimiter from the first lines of the table, unless one is given."""
        self.encoding = encoding
        self.limits = limits
        self.line = ""
        self.is_long = False
        self.skipped = 0
        self.headers: tuple[str, ...] = ()
        self.header_row = choices.header_row or 1
        self.header_width = 0
        delimiter = choices.delimiter
        sample = self._sample(text)
        if sample and (declared := declared_delimiter(sample[0])):
            delimiter = delimiter or declared
            del sample[0]
            self.skipped = 1
        self.delimiter = chosen_delimiter(delimiter) if delimiter else detected_delimiter(sample[self._lines_above() :])
        spaced = has_space_after(self.delimiter, sample_rows(sample, self.delimiter))
        self.records = csv.reader(
            self._lines(chain(sample, text)), delimiter=self.delimiter, skipinitialspace=spaced, strict=True
        )

    def _sample(self, text: io.TextIOWrapper) -> list[str]:
        try:
            return list(islice(text, SAMPLE_LINES))
        except UnicodeError as error:
            raise wrong_encoding(self.encoding, 0) from error

    def _lines_above(self) -> int:
        """Return how many lines of the sample stand above the header row that was chosen."""
        return max(self.header_row - 1 - self.skipped, 0)

    def _lines(self, text: Iterator[str]) -> Iterator[str]:
        limit = self.limits.cell_length
        for line in text:
            self.line = line
            if len(line) > limit:
                self.is_long = True
            if "\0" in line:
                message = _("Line %(line)d holds a NUL byte, so the file is damaged. Export it again.")
                raise UnreadableFile(message % {"line": self.line_number + 1}, code="nul")
            yield line

    @property
    def line_number(self) -> int:
        """The number of the last line read, as an editor shows it."""
        return self.records.line_num + self.skipped

    def read_headers(self) -> tuple[str, ...]:
        """Return the headers: the first row that is not blank, from the chosen one on."""
        line = self.line_number
        for record in self._records():
            number, line = line + 1, self.line_number
            if number < self.header_row:
                continue
            if isinstance(record, Problem):
                raise UnreadableFile(record.message, code=record.rule)
            if any(map(str.strip, record)):
                self.header_row = number
                self.header_width = len(record)
                self.headers = read_headers(record, limits=self.limits)
                return self.headers
        raise no_header_row(self.header_row)

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the headers; blank ones are left out, but counted in the line numbers."""
        width, count, most, line = len(self.headers), 0, self.limits.rows, self.line_number
        unnamed = [index for index, header in enumerate(self.headers) if not header]
        for record in self._records():
            number, line = line + 1, self.line_number
            if isinstance(record, Problem):
                row = Row(number, self._cells_as_written(width), record)
            elif not any(map(str.strip, record)):
                continue
            else:
                if self.is_long or line > number:
                    self._check_lengths(record, number)
                row = Row(number, record, None) if len(record) == width else self._uneven(record, number)
            count += 1
            if count > most:
                raise too_many_rows(most)
            if unnamed:
                self._check_unnamed(row, unnamed)
            yield row

    def _records(self) -> Iterator[list[str] | Problem]:
        while True:
            start = self.line_number
            try:
                for record in self.records:
                    start = self.line_number
                    yield record
            except csv.Error as error:
                yield self._broken(error, start + 1)
            except UnicodeError as error:
                raise wrong_encoding(self.encoding, self.line_number) from error
            else:
                return

    def _broken(self, error: csv.Error, start: int) -> Problem:
        """Tell a stray quote in one line from a quote that swallows the lines below it."""
        end = self.line_number
        if end > start or "unexpected end" in str(error):
            message = _("The quote opened in line %(line)d is not closed there. Close it, or double it in a text.")
            raise UnreadableFile(message % {"line": start}, code="unclosed_quote") from error
        if "field limit" in str(error):
            raise self._too_long(start) from error
        message = _("A quote stands inside a quoted cell. Double it, or take it out.")
        return Problem("quotes", message)

    def _cells_as_written(self, width: int) -> list[str]:
        """Return a broken line's cells as far as they can be told apart, for the error file."""
        return _fitted(next(csv.reader([self.line], delimiter=self.delimiter), []), width)

    def _check_lengths(self, record: list[str], number: int) -> None:
        self.is_long = False
        if max(map(len, record)) > self.limits.cell_length:
            raise self._too_long(number)

    def _too_long(self, number: int) -> UnreadableFile:
        message = _("A cell in line %(line)d is longer than %(limit)d characters. Shorten it or close its quote.")
        return UnreadableFile(message % {"line": number, "limit": self.limits.cell_length}, code="cell_length")

    def _uneven(self, record: list[str], number: int) -> Row:
        """Return a row of another length than the headers: a problem, unless only blank cells are too many."""
        width = len(self.headers)
        extra = next((index for index in range(width, len(record)) if record[index].strip()), None)
        if len(record) > width and extra is None:
            return Row(number, record[:width], None)
        if extra is not None and len(record) <= self.header_width:
            raise unnamed_column_with_values(number, column_letters(extra))
        message = ngettext(
            "The row has %(cells)d cell, the table %(columns)d columns. Check its delimiters and quotes.",
            "The row has %(cells)d cells, the table has %(columns)d. Check its delimiters and quotes.",
            len(record),
        )
        problem = Problem("row_length", message % {"cells": len(record), "columns": width})
        return Row(number, _fitted(record, width), problem)

    def _check_unnamed(self, row: Row, unnamed: list[int]) -> None:
        for index in unnamed:
            if str(row.cells[index]).strip():
                raise unnamed_column_with_values(row.number, column_letters(index))


def too_many_rows(limit: int) -> UnreadableFile:
    """Return the refusal of a file with more rows than are read."""
    message = _("The file has more than the %(limit)d rows that are read at once. Split it into smaller files.")
    return UnreadableFile(message % {"limit": limit}, code="rows")


def _fitted(record: list[str], width: int) -> list[str]:
    return record[:width] + [""] * (width - len(record))
