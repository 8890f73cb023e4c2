"""Streaming the XML parts of a workbook through expat: flat memory, no document type, no entities of its own."""

from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import UnreadableFile

CHUNK = 256 * 1024
Attributes = dict[str, str]


def new_parser(*, namespaces: bool = False) -> expat.XMLParserType:
    """Return a parser that hands out whole texts and refuses a document type, where entity bombs live.

    With `namespaces`, names come as the namespace's address, a space and the local name.
    """
    parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
    parser.buffer_text = True
    parser.buffer_size = 64 * 1024
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_declaration: object) -> None:
    raise damaged_workbook()


def damaged_workbook() -> UnreadableFile:
    """Return the refusal of a workbook whose parts do not fit together."""
    message = _("The workbook is damaged. Open it in Excel or LibreOffice, save it as XLSX and upload it again.")
    return UnreadableFile(message, code="damaged")


def parse_in_chunks(parser: expat.XMLParserType, stream: IO[bytes]) -> Iterator[None]:
    """Feed a part to a parser and stop after every chunk, so that the caller can take what it found."""
    try:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise damaged_workbook() from error


def local_name(name: str) -> str:
    """Return a name without its namespace prefix: writers choose prefixes freely."""
    return name.rpartition(":")[2]


def each_element(stream: IO[bytes], visit: Callable[[str, Attributes], None]) -> None:
    """Call `visit` with the local name and the attributes of every element of a part."""
    parser = new_parser()

    def start(name: str, attributes: Attributes) -> None:
        visit(local_name(name), {local_name(key): value for key, value in attributes.items()})

    parser.StartElementHandler = start
    for _chunk in parse_in_chunks(parser, stream):
        pass
