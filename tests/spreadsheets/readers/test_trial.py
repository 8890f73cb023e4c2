"""What would crash or exhaust the process that reads a file does so in another one."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files import File

from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.readers import UnreadableFile, try_to_read
from backoffice.spreadsheets.services import upload_file


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    for number in range(2_000):
        book.active.append([f"text {number}", f"other {number}"])
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def test_a_file_that_can_be_read_passes(workbook: Path) -> None:
    try_to_read(workbook, filename="book.xlsx", rows=10)


@pytest.mark.parametrize("least", [{"memory_bytes": 1024**2}, {"seconds": 0}])
def test_a_file_that_takes_too_much_is_refused(least: dict[str, int], workbook: Path, settings: Any) -> None:
    settings.SPREADSHEET_READER = settings.SPREADSHEET_READER | least
    with pytest.raises(UnreadableFile, match="too much time or memory"):
        try_to_read(workbook, filename="book.xlsx", rows=10)


@pytest.mark.parametrize("name", ["nothing.csv", "broken.xlsx"])
def test_what_is_only_wrong_is_left_to_whoever_reads_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 and no more" if name.endswith("xlsx") else b"")
    try_to_read(tmp_path / name, filename=name, rows=10)


@pytest.mark.django_db
def test_no_import_begins_with_a_file_that_takes_too_much(
    workbook: Path, settings: Any, tmp_path: Path, administrator: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SPREADSHEET_READER = settings.SPREADSHEET_READER | {"seconds": 0}
    with workbook.open("rb") as file, pytest.raises(UnreadableFile, match="too much"):
        upload_file(resource="products", file=File(file), filename="book.xlsx", actor=administrator)
    assert not ImportJob.objects.exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
