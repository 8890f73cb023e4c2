from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from backoffice.spreadsheets.readers import Row, Sheet, UnreadableFile, open_sheet


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes bytes or text to a file."""

    def write(content: bytes | str, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read() -> Callable[..., tuple[Sheet, list[Row]]]:
    """Return a function that opens a file and reads all its rows."""

    def read_all(path: Path, **options: object) -> tuple[Sheet, list[Row]]:
        with open_sheet(path, **options) as sheet:
            return sheet, list(sheet.rows)

    return read_all


@pytest.fixture
def refusal(read: Callable[..., object], settings: LazySettings) -> Callable[..., UnreadableFile]:
    """Return a function that reads a file to its end and returns its refusal; options of Limits may be given."""

    def refuse(path: Path, *, limits: dict[str, int] | None = None, **options: object) -> UnreadableFile:
        settings.SPREADSHEET_LIMITS = settings.SPREADSHEET_LIMITS | (limits or {})
        with pytest.raises(UnreadableFile) as error:
            read(path, **options)
        return error.value

    return refuse
