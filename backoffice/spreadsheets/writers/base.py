"""What all writers share: the columns of a file, and taking a file's place only when it is whole."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any, cast

from django.core.exceptions import ValidationError


class UnwritableFile(ValidationError):
    """Rows that a kind of file cannot hold, with what to do instead."""


class Kind(Enum):
    """What the cells of a column are."""

    TEXT = "text"
    WORDS = "words"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True)
class SheetColumn:
    """A column of a file. `places` are the decimals a workbook shows; the value itself is written whole.

    `name` is what programs call it: the key in JSON.
    """

    header: str
    kind: Kind = Kind.TEXT
    places: int = 2
    width: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Ending:
    """What a workbook holds besides its rows, asked for once the last of them is written.

    `totals` is a row in bold type below the others; `about` are the labels and values of a sheet of its own.
    """

    totals: Callable[[], Sequence[Any]] | None = None
    about: Callable[[], Sequence[tuple[str, str]]] | None = None


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Give a file beside `path` that takes its place at the end; after an error nothing is left of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete_on_close=False) as file:
        yield cast("IO[bytes]", file)
        file.close()
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
