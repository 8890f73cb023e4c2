"""Files are read in a process of their own first: what crashes or exhausts it must not hurt the process that asked."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import UnreadableFile
from backoffice.spreadsheets.readers.opening import COMPOUND_FILE

CHILD = "backoffice.spreadsheets.readers.trial_child"


def try_to_read(path: Path, *, filename: str, rows: int, **choices: Any) -> None:
    """Read the first `rows` rows of a file, all of a small one, as `open_sheet` does, in another process.

    Raises UnreadableFile if that process does not live to the end. What it says of the file is not asked: whoever
    reads the file next is told the same. XLS files are left to their reader, which has a process of its own.
    """
    with path.open("rb") as file:
        if file.read(len(COMPOUND_FILE)) == COMPOUND_FILE:
            return
    asked = {
        "path": str(path),
        "choices": choices,
        "rows": rows,
        "small": settings.SPREADSHEET_PAGE_BYTES,
        "limits": settings.SPREADSHEET_LIMITS,
        "reader": settings.SPREADSHEET_READER,
    }
    child = subprocess.run(
        [sys.executable, "-P", "-m", CHILD, json.dumps(asked)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": str(settings.BASE_DIR), "MALLOC_ARENA_MAX": "1"},
        check=False,
    )
    if child.returncode:
        message = _("“%(name)s” takes too much time or memory to read. Split it, or save the table as plain CSV.")
        raise UnreadableFile(message % {"name": filename}, code="too_much")
