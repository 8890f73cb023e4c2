"""The parts of a packed workbook, and the guards around unpacking it."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import Limits, UnreadableFile
from backoffice.spreadsheets.readers.xml import Attributes, damaged_workbook, each_element

# What the standard library raises for archives that break inside, and readers for parts that make no sense.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ArithmeticError,
    LookupError,
    NotImplementedError,
    ValueError,
)


class Archive:
    """An opened ZIP file that is not too large to unpack."""

    def __init__(self, path: Path, *, filename: str, limits: Limits) -> None:
        """Check number, sizes and protection of the parts before any is unpacked."""
        self.opened = ExitStack()
        try:
            self.archive = self.opened.enter_context(zipfile.ZipFile(path))
        except BROKEN as error:
            raise damaged_workbook() from error
        self.filename = filename
        try:
            self._refuse_what_is_too_much(path.stat().st_size, limits)
        except UnreadableFile:
            self.close()
            raise
        self.parts = {name.replace("\\", "/").lstrip("/").lower(): name for name in self.archive.namelist()}

    def _refuse_what_is_too_much(self, packed: int, limits: Limits) -> None:
        members = self.archive.infolist()
        self.unpacked = sum(member.file_size for member in members)
        if len(members) > limits.members:
            message = _("The workbook has more than the %(limit)d parts that are read. Save the sheet as CSV.")
            raise UnreadableFile(message % {"limit": limits.members}, code="members")
        limits.refuse_bomb(packed=packed, unpacked=self.unpacked)
        if self.unpacked > limits.unzipped_bytes:
            message = _("Unpacked, the workbook is larger than the %(limit)d MB that are read. Save the sheet as CSV.")
            raise UnreadableFile(message % {"limit": limits.unzipped_bytes // 1024**2}, code="unzipped_bytes")
        if any(member.flag_bits & 1 for member in members):
            raise protected_workbook(self.filename)

    def close(self) -> None:
        """Close the file and all parts of it."""
        self.opened.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Refuse as damaged what breaks inside."""
        try:
            yield
        except BROKEN as error:
            raise damaged_workbook() from error

    def open_part(self, part: str) -> IO[bytes]:
        """Open a part by its path, whatever its case and slashes."""
        with self.reading():
            return self.opened.enter_context(self.archive.open(self.parts[part.lower()]))

    def each(self, part: str, visit: Callable[[str, Attributes], None]) -> None:
        """Call `visit` with the local name and the attributes of every element of a part."""
        with self.reading(), self.open_part(part) as stream:
            each_element(stream, visit)


def protected_workbook(filename: str) -> UnreadableFile:
    """Return the refusal of a workbook that a password protects."""
    message = _("“%(name)s” is protected by a password. Save it without one and upload it again.")
    return UnreadableFile(message % {"name": filename}, code="password")
