"""How a file writes numbers and dates: found in its first rows, or as a person says."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backoffice.spreadsheets.readers import Cell
from backoffice.spreadsheets.values import DateTimeValue, DateValue
from backoffice.spreadsheets.values.moments import YEAR_LAST, Order
from backoffice.spreadsheets.values.numbers import DecimalSign, NumberValue

# Texts that have one reading only: "1,234" is none of them, it may be a thousand and more.
WITH_POINT = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|0?\.[0-9]+|[0-9]+\.(?![0-9]{3}$)[0-9]+)")
WITH_COMMA = re.compile(r"[-+]?(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|0?,[0-9]+|[0-9]+,(?![0-9]{3}$)[0-9]+)")


@dataclass(frozen=True, kw_only=True)
class Notation:
    """The decimal sign and the order of day and month; what is None reads as each column is declared.

    A `doubtful` sign is one that the file does not settle, where its delimiter speaks for decimal commas.
    """

    decimal: DecimalSign | None = None
    date_order: Order | None = None
    doubtful: bool = False

    def read_by(self, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a column's converter as it reads cells that are written so."""
        if (self.decimal or self.doubtful) and isinstance(convert, NumberValue):
            return replace(convert, decimal=self.decimal or "")
        if self.date_order and isinstance(convert, DateValue | DateTimeValue):
            return replace(convert, order=self.date_order)
        return convert


AS_DECLARED = Notation()


def detected_notation(rows: Iterable[Sequence[Cell]]) -> Notation:
    """Return what all cells that have one reading only agree on. Where they do not agree, nothing is settled."""
    signs: set[DecimalSign] = set()
    orders: set[Order] = set()
    for cell in {cell.strip() for row in rows for cell in row if isinstance(cell, str)}:
        if not cell or cell[0] not in "0123456789+-.,":
            continue
        if WITH_POINT.fullmatch(cell):
            signs.add(".")
        elif WITH_COMMA.fullmatch(cell):
            signs.add(",")
        elif match := YEAR_LAST.fullmatch(cell.partition(" ")[0]):
            first, second = int(match[1]), int(match[3])
            if max(first, second) > 12 >= min(first, second):
                orders.add("dmy" if first > second else "mdy")
    return Notation(
        decimal=signs.pop() if len(signs) == 1 else None, date_order=orders.pop() if len(orders) == 1 else None
    )
