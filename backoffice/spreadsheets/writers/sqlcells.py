"""SQL that writes rows as the XML of a sheet: PostgreSQL does so ten times as fast as Python.

What comes out is what the writers in `cells` make of the same values. A text that no cell holds comes out as its
cell's name after the sign REFUSED, which `checked` looks for.
"""

from collections.abc import Sequence

from django.utils import timezone
from xlsxwriter.utility import xl_col_to_name

from backoffice.spreadsheets.formulas import neutralised_sql
from backoffice.spreadsheets.writers.base import Kind
from backoffice.spreadsheets.writers.cells import FIRST_DAY, LONGEST_TEXT, SAFE_DIGITS, too_long
from backoffice.spreadsheets.writers.copying import Source

REFUSED = b"\x03"
NUMBER = "n"  # the row's place in its sheet
# What XML itself has a use for, and what would be quoted by COPY or taken for an escape.
MARKUP = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
CONTROLS = r"\x01-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff"


def numbered(source: Source, *, rows_a_sheet: int) -> str:
    """Return SQL for a FROM clause: the rows of a source, their texts neutralised, with the place in their sheet."""
    cells = ", ".join(
        f"{_neutralised(name, column.kind)} AS {name}"
        for name, column in zip(source.names, source.columns, strict=True)
    )
    place = f"((row_number() OVER () - 1) %% {rows_a_sheet} + 2)::text AS {NUMBER}"
    return f"(SELECT {cells}, {place} FROM {source.relation}) AS numbered"


def _neutralised(name: str, kind: Kind) -> str:
    match kind:
        case Kind.TEXT:
            return neutralised_sql(name)
        case Kind.WORDS:
            return neutralised_sql(f"array_to_string({name}, ', ')")
        case _:
            return name


def checked(xml: bytes) -> bytes:
    """Return the XML of rows as it is, unless it holds a refusal: that is raised as UnwritableFile."""
    if REFUSED in xml:
        raise too_long(xml.split(REFUSED)[1].decode())
    return xml


def workbook_row(source: Source, styles: Sequence[str]) -> str:
    """Return SQL for the row of an XLSX sheet, each cell with the style of its column."""
    cells = ", ".join(
        _workbook_cell(name, column.kind, xl_col_to_name(index), style)
        for index, (name, column, style) in enumerate(zip(source.names, source.columns, styles, strict=True))
    )
    return f"concat('<row r=\"', {NUMBER}, '\">', {cells}, '</row>')"


def _workbook_cell(name: str, kind: Kind, letters: str, style: str) -> str:
    start = f"'<c r=\"{letters}' || {NUMBER} || '\" s=\"{style}"

    def typed(value: str, more: str = "") -> str:
        return f"{start}\"{more}><v>' || {value} || '</v></c>'"

    def plain(text: str, space: str = "''") -> str:
        return f"{start}\" t=\"inlineStr\"><is><t' || {space} || '>' || {text} || '</t></is></c>'"

    match kind:
        case Kind.TEXT | Kind.WORDS:
            space = f"CASE WHEN {name} ~ E'^[ \\t\\n]|[ \\t\\n]$' THEN ' xml:space=\"preserve\"' ELSE '' END"
            return unless_too_long(name, letters, plain(escaped(name), space))
        case Kind.BOOLEAN:
            return typed(f"{name}::int::text", ' t="b"')
        case Kind.DATE:
            return f"CASE WHEN {too_old(name)} THEN {plain(f'{name}::text')} ELSE {typed(f'{serial_day(name)}')} END"
        case Kind.DATETIME:
            serial = f"(extract(epoch FROM {local(name)} - timestamp '1899-12-30')::float8 / 86400)::text"
            return f"CASE WHEN {not_shown(name)} THEN {plain(in_utc(name))} ELSE {typed(serial)} END"
        case _:
            return f"CASE WHEN {too_precise(name)} THEN {plain(f'{name}::text')} ELSE {typed(f'{name}::text')} END"


def unless_too_long(name: str, letters: str, cell: str) -> str:
    """Return SQL for the cell of a text: none for an empty one, a refusal for one that is too long."""
    refusal = f"E'\\x03{letters}' || {NUMBER} || E'\\x03'"
    return f"CASE WHEN {name} = '' THEN '' WHEN length({name}) > {LONGEST_TEXT} THEN {refusal} ELSE {cell} END"


def escaped(text: str) -> str:
    """Return SQL for a text as XLSX holds it. Most texts need nothing; controls, hardly ever met, go sign by sign."""
    marked = f"regexp_replace({text}, '_(?=x[0-9A-Fa-f]{{4}}_)', '_x005F_', 'g')"
    coded = "'_x' || lpad(upper(to_hex(ascii(sign))), 4, '0') || '_'"
    spelt = (
        f"(SELECT string_agg(CASE WHEN sign ~ E'[{CONTROLS}]' THEN {coded} ELSE sign END, '' ORDER BY place)"
        f" FROM regexp_split_to_table({marked}, '') WITH ORDINALITY AS signs (sign, place))"
    )
    rare = f"E'[{CONTROLS}]|_x[0-9A-Fa-f]{{4}}_'"
    clean = f"CASE WHEN {text} ~ {rare} THEN {spelt} ELSE {text} END"
    return f"CASE WHEN {text} ~ E'[&<>\\n\\t{CONTROLS}]|_x' THEN {without_markup(clean)} ELSE {text} END"


def without_markup(text: str) -> str:
    """Return SQL for a text without signs of XML, on one line."""
    for sign, entity in MARKUP:
        text = f"replace({text}, '{sign}', '{entity}')"
    return f"replace({text}, E'\\n', '&#10;')"


def too_precise(number: str) -> str:
    """Return the condition that a number has more digits than spreadsheet programs keep."""
    digits = f"replace(btrim({number}::text, '-0'), '.', '')"
    return f"length({number}::text) > {SAFE_DIGITS} AND length({digits}) > {SAFE_DIGITS}"


def too_old(day: str) -> str:
    """Return the condition that a day lies before the calendar of spreadsheet programs."""
    return f"{day} < date '{FIRST_DAY}'"


def serial_day(day: str) -> str:
    """Return SQL for a day as Excel counts it."""
    return f"({day} - date '1899-12-30')::text"


def local(moment: str) -> str:
    """Return SQL for a moment as the clocks of the desk show it."""
    return f"({moment} AT TIME ZONE '{timezone.get_default_timezone_name()}')"


def in_utc(moment: str) -> str:
    """Return SQL for a moment with its offset."""
    return f"({moment} AT TIME ZONE 'UTC')::text || '+00:00'"


def not_shown(moment: str) -> str:
    """Return the condition that a time without an offset does not say which moment it is: `cells.moment_writer`."""
    turned = f"({local(f'({moment} - interval $$12h$$)')} - {local(f'({moment} + interval $$12h$$)')} + interval '24h')"
    same = " OR ".join(f"{local(f'({moment} {sign} {turned})')} = {local(moment)}" for sign in "+-")
    return f"{too_old(f'{local(moment)}::date')} OR {turned} > interval '0' AND ({same})"
