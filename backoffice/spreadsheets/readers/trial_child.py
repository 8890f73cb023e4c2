"""Reads a file and forgets it. Run as a module by `trial`, with limits; its end is all that it tells."""

import errno
import json
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Any
from xml.parsers import expat

from django.conf import settings

from backoffice.spreadsheets.readers.legacy_child import limit
from backoffice.spreadsheets.readers.opening import open_sheet

NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


def read(path: Path, *, rows: int, small: int, choices: dict[str, Any]) -> None:
    """Read the first rows; all of a file that is small unpacked, which a page reads to its end."""
    with open_sheet(path, **choices) as sheet:
        for _row in islice(sheet.rows, None if sheet.unpacked <= small else rows):
            pass


def main() -> None:
    """Read as the argument says. Only an exhausted or broken process ends otherwise than well."""
    asked = json.loads(sys.argv[1])
    limit(asked["reader"]["memory_bytes"], asked["reader"]["seconds"])
    settings.configure(USE_I18N=False, SPREADSHEET_LIMITS=asked["limits"])
    try:
        read(Path(asked["path"]), rows=asked["rows"], small=asked["small"], choices=asked["choices"])
    except Exception as error:  # noqa: BLE001 - refused or broken, whoever reads it next is told
        if is_exhaustion(error):
            os._exit(1)


def is_exhaustion(error: BaseException | None) -> bool:
    """Whether there was not enough memory, behind whatever a reader made of that."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        if isinstance(error, expat.ExpatError) and error.code == NO_MEMORY:
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    main()
