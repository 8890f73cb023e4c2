"""Reads a file and forgets it. Run as a module by `trial`, with limits; its end is all that it tells."""

import json
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from backoffice.spreadsheets.readers.legacy_child import limit
from backoffice.spreadsheets.readers.opening import open_sheet


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
    except MemoryError:
        os._exit(1)
    except Exception:  # noqa: BLE001, S110 - refused or broken, whoever reads it next is told
        pass


if __name__ == "__main__":
    main()
