"""What a reader hands out: sheets, rows, cells, and the refusals."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import NamedTuple, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What unpacks to less is read quickly, whatever is inside.
RATIO_FROM = 32 * 1024**2

type Cell = str | int | float | Decimal | bool | date | datetime | None


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a person wants a file read; what is not chosen is detected. `header_row` counts as the reader's rows do."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None


@dataclass(kw_only=True)
class Layout:
    """How a file is read, as detected or as chosen.

    `encoding` and `delimiter` are set for CSV; `sheet_name` and `sheet_names` (the visible ones) for workbooks.
    `unpacked` is its size in bytes without packing.
    """

    kind: str
    unpacked: int
    encoding: str | None = None
    delimiter: str | None = None
    sheet_name: str | None = None
    sheet_names: tuple[str, ...] = ()
    header_row: int | None = None


class UnreadableFile(ValidationError):
    """A file that cannot be read as it is. Its message is one sentence that says what to do.

    Raised when a file is opened and, for damage further down, while its rows are read. Has the `layout` if the file
    is a table that can perhaps be read with other choices.
    """

    layout: Layout | None = None


@contextmanager
def laid_out(layout: Layout) -> Iterator[None]:
    """Give a refusal from inside the layout that was found so far."""
    try:
        yield
    except UnreadableFile as error:
        error.layout = layout
        raise


class FaultyCell(str):
    """A cell without a usable value: its text is what the spreadsheet shows ("#N/A"), its rule and message say why.

    Every converter refuses it, so it matters only in columns that are imported.
    """

    __slots__ = ("message", "rule")

    rule: str
    message: str

    def __new__(cls, text: str, *, rule: str, message: str) -> Self:
        """Keep the text as the cell's value, and the reason with it."""
        cell = super().__new__(cls, text)
        cell.rule = rule
        cell.message = message
        return cell


class Problem(NamedTuple):
    """Why a row as a whole cannot be used: a stable slug and a sentence."""

    rule: str
    message: str


class Row(NamedTuple):
    """One row: `number` is the line (CSV) or row (XLSX) a person sees; there are as many cells as headers."""

    number: int
    cells: Sequence[Cell]
    problem: Problem | None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest file that is read. Sizes in bytes, `cell_length` in characters.

    `ratio` is how many times its size a file may unpack to, once that is more than `RATIO_FROM`; `members` are parts.
    """

    bytes: int
    unzipped_bytes: int
    ratio: int
    members: int
    rows: int
    columns: int
    cell_length: int

    @classmethod
    def from_settings(cls) -> Self:
        """Return what the setting SPREADSHEET_LIMITS says."""
        return cls(**settings.SPREADSHEET_LIMITS)

    def refuse_bomb(self, *, packed: int, unpacked: int) -> None:
        """Refuse what unpacks to so many times its size that little but repetition can be inside."""
        if unpacked > max(RATIO_FROM, self.ratio * packed):
            message = _(
                "Unpacked, the file is more than %(ratio)d times as large. Delete what is empty or repeated in it,"
                " or save the table as plain CSV."
            )
            raise UnreadableFile(message % {"ratio": self.ratio}, code="ratio")


@dataclass(kw_only=True)
class Sheet(Layout):
    """An open table. `rows` streams once; leaving the context closes the file.

    `row_estimate` is the number of lines of a CSV file, for progress only.
    """

    headers: tuple[str, ...]
    rows: Iterator[Row]
    row_estimate: int | None = None
    close: Callable[[], None] = field(default=lambda: None, repr=False)

    def __enter__(self) -> Self:
        """Return the sheet itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()
