"""Files that a page makes and hands out."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.http import FileResponse


def attachment(name: str, write: Callable[[Path], object]) -> FileResponse:
    """Have `write` make a file and hand it out under `name`; nothing of it stays."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{Path(name).suffix}"
        write(path)
        return FileResponse(path.open("rb"), as_attachment=True, filename=name)
