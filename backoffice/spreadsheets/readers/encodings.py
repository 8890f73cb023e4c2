"""Which characters the bytes of a text file stand for."""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import UnreadableFile

# Offered when a person corrects the detection; the first is what files should be written in.
ENCODINGS = (
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "latin-1",
    "iso-8859-15",
    "cp1250",
    "cp1251",
    "cp437",
    "cp850",
    "mac-roman",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
)
# UTF-32 first: its little-endian mark begins like that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The five bytes that Windows-1252 leaves undefined.
UNDEFINED_IN_CP1252 = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])


@dataclass
class TextSurvey:
    """What one pass over all bytes found: sizes, and whether they can be UTF-8 or Windows-1252."""

    start: bytes = b""
    size: int = 0
    lines: int = 0
    has_nul: bool = False
    is_utf8: bool = True
    is_cp1252: bool = True

    def read(self, chunks: Iterable[bytes]) -> None:
        """Look at every chunk once."""
        utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        for chunk in chunks:
            self.start = self.start or chunk
            self.size += len(chunk)
            self.lines += chunk.count(b"\n")
            self.has_nul = self.has_nul or b"\0" in chunk
            self.is_cp1252 = self.is_cp1252 and chunk.translate(None, UNDEFINED_IN_CP1252) == chunk
            self.is_utf8 = self.is_utf8 and _decodes(utf8, chunk)
        self.is_utf8 = self.is_utf8 and _decodes(utf8, b"", final=True)

    def encoding(self) -> str:
        """Return the encoding: by its mark, else UTF-8, else UTF-16 without a mark, else Windows-1252, else Latin-1."""
        for mark, name in MARKS:
            if self.start.startswith(mark):
                return name
        if self.has_nul:
            return self._encoding_of_wide_text()
        if self.is_utf8:
            return "utf-8"
        return "cp1252" if self.is_cp1252 else "latin-1"

    def _encoding_of_wide_text(self) -> str:
        """Tell UTF-16 without a mark by its zero bytes, which in Western text are every second one."""
        sample = self.start[:4096]
        for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
            if len(sample) >= 4 and zeros.count(0) > 0.7 * len(zeros):
                return name
        message = _("The file holds NUL bytes, so it is damaged or no text. Export it again as CSV (UTF-8) or XLSX.")
        raise UnreadableFile(message, code="nul")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def chosen_encoding(name: str, *, start: bytes) -> str:
    """Return the codec for an encoding that a person chose, with its byte order mark taken off."""
    offered = {codecs.lookup(encoding).name: encoding for encoding in (*ENCODINGS, "utf-8-sig", "utf-32")}
    try:
        encoding = offered[codecs.lookup(name).name]
    except LookupError as error:
        message = _("“%(name)s” is not an encoding that is read. Choose one of: %(offered)s.")
        raise UnreadableFile(message % {"name": name, "offered": ", ".join(ENCODINGS)}, code="encoding") from error
    if encoding == "utf-8" and start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return encoding


def wrong_encoding(encoding: str, number: int) -> UnreadableFile:
    """Return the refusal of a file that is not in the encoding it is read in."""
    message = _("After line %(line)d the file is not %(encoding)s. Choose the encoding that it was saved in.")
    return UnreadableFile(message % {"line": number, "encoding": encoding}, code="encoding")
