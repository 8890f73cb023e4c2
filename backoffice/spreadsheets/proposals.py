"""What the values of a column say about the field that it may fill, where its header says nothing."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from backoffice.spreadsheets.mapping import is_reason, propose_headers
from backoffice.spreadsheets.notation import Notation
from backoffice.spreadsheets.readers import Cell, Row
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.values import BadValue, ChoiceValue, DateTimeValue, DateValue, EmailValue
from backoffice.spreadsheets.versions import VERSION

# Converters that take hardly anything but what is meant for them; a number or a text could be anything.
TELLING = (EmailValue, ChoiceValue, DateTimeValue, DateValue)
EXAMPLES, EXAMPLE_LENGTH = 3, 40
WORDS = 100
# Of the words that name rows, so many are there already when a column is meant to name them.
KNOWN_SHARE = 0.5


def examples_of(headers: Sequence[str], rows: Iterable[Row]) -> dict[str, list[str]]:
    """Return the first values of each column, each once, shortened."""
    cells = {header: [str(cell)[:EXAMPLE_LENGTH] for cell in found] for header, found in _values(headers, rows).items()}
    return {header: list(dict.fromkeys(found))[:EXAMPLES] for header, found in cells.items()}


def propose_by_values(
    resource: SheetResource, headers: Sequence[str], rows: Sequence[Row], notation: Notation
) -> dict[str, str]:
    """Return the header for each field that its name does not find, where the values fit this one column alone.

    A column that fits several fields is proposed for none of them.
    """
    by_name = propose_headers(resource.columns, headers)
    free = {header: found for header, found in _values(headers, rows).items() if header not in by_name.values()}
    fitting = {
        field: [header for header, cells in free.items() if cells and _fits(resource, field, cells, notation)]
        for field in resource.columns
        if field not in by_name and field != VERSION
    }
    alone = {field: found[0] for field, found in fitting.items() if len(found) == 1}
    return {field: header for field, header in alone.items() if list(alone.values()).count(header) == 1}


def _values(headers: Sequence[str], rows: Iterable[Row]) -> dict[str, list[Cell]]:
    whole = [row.cells for row in rows if row.problem is None]
    return {
        header: [cells[place] for cells in whole if cells[place] not in {None, ""}]
        for place, header in enumerate(headers)
        if header and not is_reason(header)
    }


def _fits(resource: SheetResource, field: str, cells: Sequence[Cell], notation: Notation) -> bool:
    convert = resource.columns[field].convert
    if isinstance(convert, TELLING):
        return _all_convert(notation.read_by(convert), cells)
    words = list(dict.fromkeys(str(cell).strip() for cell in cells if not isinstance(cell, bool)))[:WORDS]
    return bool(words) and _all_convert(convert, words) and resource.known_share(field, words) >= KNOWN_SHARE


def _all_convert(convert: Callable[[Any], Any], cells: Iterable[Any]) -> bool:
    try:
        return all(convert(cell) is not None for cell in cells)
    except BadValue:
        return False
