"""What would crash or exhaust the process that reads a file does so in another one."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files import File

from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.readers import UnreadableFile, try_to_read
from backoffice.spreadsheets.services import upload_file


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A file whose first row takes some 15 MB, as much as one may."""
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"{number} {'wide' * 8_000}" for number in range(480)))
    return path


def test_a_file_that_can_be_read_passes(wide: Path) -> None:
    try_to_read(wide, filename="wide.csv", rows=10)


@pytest.mark.parametrize("least", [{"memory_bytes": 1024**2}, {"seconds": 0}])
def test_a_file_that_takes_too_much_is_refused(least: dict[str, int], wide: Path, settings: Any) -> None:
    settings.SPREADSHEET_READER = settings.SPREADSHEET_READER | least
    with pytest.raises(UnreadableFile, match="too much time or memory"):
        try_to_read(wide, filename="wide.csv", rows=10)


@pytest.mark.parametrize("name", ["nothing.csv", "broken.xlsx"])
def test_what_is_only_wrong_is_left_to_whoever_reads_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 and no more" if name.endswith("xlsx") else b"")
    try_to_read(tmp_path / name, filename=name, rows=10)


@pytest.mark.django_db
def test_no_import_begins_with_a_file_that_takes_too_much(
    wide: Path, settings: Any, tmp_path: Path, administrator: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SPREADSHEET_READER = settings.SPREADSHEET_READER | {"seconds": 0}
    with wide.open("rb") as file, pytest.raises(UnreadableFile, match="too much"):
        upload_file(resource="products", file=File(file), filename="wide.csv", actor=administrator)
    assert not ImportJob.objects.exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
