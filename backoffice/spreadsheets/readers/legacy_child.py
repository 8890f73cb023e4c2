"""Reads an XLS file in a process of its own, with limits, and writes what it holds as lines of JSON.

Run as a script: `legacy_child.py FILE SHEET HEADER_ROW BYTES SECONDS`. It imports nothing of the project, so that it
starts at once. The first line lists the sheets, the others are rows that hold something, the last is `null`; a file
that cannot be read is one line with the reason.
"""

import contextlib
import errno
import json
import os
import resource
import sys
from typing import Any

import xlrd


def limit(memory: int, seconds: int) -> None:
    """Let the process die rather than take more; where a system knows no such limit, it goes without."""
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def cells(row: list[Any], formats: dict[int, str]) -> list[Any]:
    """Return the cells of a row; what JSON has no type for, or a format of its own, is an object."""
    return [value(cell, formats) for cell in row]


def formats_of(book: Any) -> dict[int, str]:
    """Return the formats that may show a number as something else, by the style that cells name."""
    codes = [book.format_map[style.format_key].format_str for style in book.xf_list]
    return {number: code for number, code in enumerate(codes) if "%" in code or code.startswith("00")}


def value(cell: Any, formats: dict[int, str]) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return {"date": cell.value}
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return {"error": xlrd.error_text_from_code.get(cell.value, "#ERROR")}
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        code = formats.get(cell.xf_index)
        return {"number": cell.value, "format": code} if code else cell.value
    return cell.value if cell.ctype == xlrd.XL_CELL_TEXT and cell.value.strip() else None


def choose(book: Any, name: str, header_row: int) -> Any:
    """Return the sheet of that name, or the first visible one with something from the row of the headers on."""
    if name:
        return book.sheet_by_name(name) if name in book.sheet_names() else None
    for place in range(book.nsheets):
        sheet = book.sheet_by_index(place)
        if sheet.visibility == 0 and any(any_value(sheet, row) for row in range(header_row - 1, sheet.nrows)):
            return sheet
    return None


def any_value(sheet: Any, row: int) -> bool:
    return any(value(cell, {}) is not None for cell in sheet.row(row))


def write(line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def read(path: str, name: str, header_row: int) -> None:
    """Write all of one sheet."""
    with xlrd.open_workbook(path, logfile=sys.stderr, formatting_info=True) as book:
        sheet, formats = choose(book, name, header_row), formats_of(book)
        listed = [[each.name, each.visibility == 0] for each in book.sheets()]
        write({"sheets": listed, "sheet": sheet and sheet.name, "since_1904": book.datemode == 1})
        for place in range(sheet.nrows if sheet else 0):
            row = cells(sheet.row(place), formats)
            if any(cell is not None for cell in row):
                write([place + 1, row])
        write(None)


def main() -> None:
    """Read as the arguments say; whatever goes wrong is told in a word."""
    path, name, header_row, memory, seconds = sys.argv[1:]
    limit(int(memory), int(seconds))
    try:
        read(path, name, int(header_row))
    except BrokenPipeError:
        os._exit(0)
    except MemoryError:
        write({"refused": "too_much"})
    except Exception as error:  # noqa: BLE001 - a broken file breaks in any way
        write({"refused": reason(error)})


def reason(error: Exception) -> str:
    """Return the word for what went wrong."""
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return "too_much"
    return "password" if "encrypted" in str(error) else "damaged"


if __name__ == "__main__":
    main()
