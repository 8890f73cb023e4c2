"""The texts of a workbook."""

import re
from typing import IO

from backoffice.spreadsheets.readers.xml import Attributes, local_name, new_parser, parse_in_chunks

# ECMA-376 part 1, 22.9.2.19: characters that XML cannot hold are written _xHHHH_.
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """Return the text with its `_xHHHH_` characters put back, except those that no database text can hold."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


class SharedStrings:
    """Collects the texts that cells refer to by number; runs of rich text are joined, phonetic hints left out."""

    def __init__(self) -> None:
        """Begin with no text."""
        self.texts: list[str] = []
        self.pieces: list[str] = []
        self.is_text = False
        self.is_phonetic = False

    def start(self, name: str, _attributes: Attributes) -> None:
        """Begin an item, a text, or a phonetic hint."""
        tag = local_name(name)
        if tag == "si":
            self.pieces = []
        elif tag == "rPh":
            self.is_phonetic = True
        elif tag == "t":
            self.is_text = not self.is_phonetic

    def characters(self, data: str) -> None:
        """Take a piece of text."""
        if self.is_text:
            self.pieces.append(data)

    def end(self, name: str) -> None:
        """End an item, a text, or a phonetic hint."""
        tag = local_name(name)
        if tag == "si":
            text = unescaped("".join(self.pieces))
            self.texts.append("" if text.isspace() else text)
        elif tag == "rPh":
            self.is_phonetic = False
        elif tag == "t":
            self.is_text = False


def read_shared_strings(stream: IO[bytes]) -> list[str]:
    """Return the shared texts of a workbook in their order."""
    strings = SharedStrings()
    parser = new_parser()
    parser.StartElementHandler = strings.start
    parser.EndElementHandler = strings.end
    parser.CharacterDataHandler = strings.characters
    for _chunk in parse_in_chunks(parser, stream):
        pass
    return strings.texts
