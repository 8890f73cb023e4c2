"""Nothing in a file brings a reader down, and all the real files that we have are read or refused for a reason."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.spreadsheets.readers import UnreadableFile
from tests.spreadsheets.readers import fuzzing

# The same ones each time; the soak looks for others.
FEW = settings(max_examples=60, deadline=None, derandomize=True)
# The real files that cannot be imported as they are, and why.
REFUSED = {
    "no_header": {
        "no_header_row.csv",
        "no_header_row2.csv",
        "no_header_row3.csv",
        "color-date-lowercase-xlsx.xlsx",
        "color-date-xlsx.xlsx",
        "dates-1900-LibreOffice.xlsx",
        "missing-first-column.xlsx",
    },
    "duplicate_header": {"names-need-repair-xlsx.xlsx", "richtext-coloured.xlsx", "unnamed-duplicated-columns.xlsx"},
    "blank_header": {"Datagov_FY10_EDU_recp_by_State.csv", "sheetsxlsx_converted.csv"},
    "unclosed_quote": {"README.txt"},
    "empty": {"empty.csv"},
    "nul": {"null_byte.csv"},
}


@FEW
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


@FEW
@given(fuzzing.texts())
def test_any_text_is_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


@FEW
@given(fuzzing.damaged_bytes(fuzzing.workbook(".xlsx")))
def test_any_damaged_workbook_is_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


@FEW
@given(fuzzing.damaged_bytes(fuzzing.workbook(".ods")))
def test_any_damaged_document_is_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


@FEW
@given(fuzzing.damaged_parts(fuzzing.workbook(".xlsx")))
def test_any_workbook_with_a_damaged_part_is_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


@FEW
@given(fuzzing.damaged_parts(fuzzing.workbook(".ods")))
def test_any_document_with_a_damaged_part_is_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


def test_sound_files_are_read() -> None:
    for suffix in (".xlsx", ".ods"):
        rows = fuzzing.read_or_refused(fuzzing.workbook(suffix))
        assert rows is not None
        assert [row.cells[0] for row in rows] == ["A-1", "B-2"]


def test_all_real_files_are_read_or_refused_for_their_reason(shared_data: Path, read: object) -> None:
    """Those for old Excel, which a process of their own reads each, are part of the soak."""
    refused: dict[str, set[str]] = {}
    files = [path for path in (shared_data / "spreadsheets").rglob("*") if path.is_file() and path.suffix != ".xls"]
    for path in files:
        try:
            read(path)  # type: ignore[operator]
        except UnreadableFile as refusal:
            refused.setdefault(str(refusal.code), set()).add(path.name)
    foreign = refused.pop("wrong_type")
    assert refused == REFUSED
    assert foreign == {path.name for path in files if path.suffix == ".json"}
