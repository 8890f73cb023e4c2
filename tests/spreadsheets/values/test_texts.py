from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.spreadsheets.readers import FaultyCell
from backoffice.spreadsheets.values import BadValue, CodeValue, EmailValue, TextValue


def rule_of(convert, cell):
    with pytest.raises(BadValue) as refusal:
        convert(cell)
    return refusal.value.rule


@pytest.mark.parametrize("cell", ["", "   ", None])
def test_a_blank_cell_is_none(cell):
    assert TextValue()(cell) is None


def test_a_blank_cell_is_refused_where_a_value_is_required():
    assert rule_of(TextValue(required=True), " ") == "required"


def test_a_text_is_trimmed_and_composed():
    assert TextValue()("  Cafe\u0301 ") == "Café"


def test_a_neutralised_text_is_restored():
    assert TextValue()("'=1+1") == "=1+1"


def test_a_text_at_the_limit_is_taken_and_one_above_refused():
    assert TextValue(max_length=3)("abc") == "abc"
    assert rule_of(TextValue(max_length=3), "abcd") == "too_long"


def test_lines_are_refused_in_one_line_and_kept_in_many():
    assert rule_of(TextValue(), "a\nb") == "control_character"
    assert TextValue(multiline=True)("a\nb") == "a\nb"


def test_a_nul_is_refused_everywhere():
    assert rule_of(TextValue(multiline=True), "a\0b") == "control_character"


def test_a_number_in_a_text_column_is_what_the_sheet_shows():
    assert [TextValue()(cell) for cell in (2024, 2.5, 12.0, 0.1 + 0.2)] == ["2024", "2.5", "12", "0.3"]


def test_a_date_in_a_text_column_is_refused():
    assert rule_of(TextValue(), date(2025, 3, 1)) == "text"


def test_a_faulty_cell_keeps_its_own_rule():
    assert rule_of(TextValue(), FaultyCell("#N/A", rule="error_value", message="Correct it.")) == "error_value"


def test_a_code_keeps_its_leading_zeros():
    assert CodeValue()("00123") == "00123"


@pytest.mark.parametrize("cell", [12, 12.0])
def test_a_whole_number_in_a_code_column_is_its_digits(cell):
    assert CodeValue()(cell) == "12"


def test_a_code_with_decimals_is_refused():
    assert rule_of(CodeValue(), 12.5) == "code"


@pytest.mark.parametrize("cell", [1234567890123456, 1.2345678901234e20, "1.23457E+12"])
def test_a_code_that_lost_digits_is_refused(cell):
    assert rule_of(CodeValue(), cell) == "code_precision"


def test_a_code_of_fifteen_digits_is_whole():
    assert CodeValue()(123456789012345.0) == "123456789012345"


@pytest.mark.parametrize("cell", ["A\u200bB", "A\tB", "A\u00adB"])
def test_a_code_with_an_invisible_character_is_refused(cell):
    assert rule_of(CodeValue(), cell) == "control_character"


def test_a_code_is_upper_case_where_declared():
    assert CodeValue(upper=True)(" a1 ") == "A1"


def test_an_email_address_is_checked():
    assert EmailValue()(" ann@example.com ") == "ann@example.com"
    assert rule_of(EmailValue(), "ann@") == "email"


CELLS = st.lists(st.text("aZ9 .'\\\t\n=E+é\u200b\0", max_size=8), min_size=1, max_size=6)
COLUMNS = [TextValue(max_length=6, upper=True), TextValue(required=True, multiline=True), CodeValue(max_length=7)]


@given(cells=CELLS)
@pytest.mark.parametrize("convert", COLUMNS)
def test_a_column_judged_together_is_what_its_cells_are(convert, cells):
    texts = convert.plain_texts(cells)
    assert texts is None or [text or None for text in texts] == [convert(cell) for cell in cells]


def test_plain_texts_are_judged_together():
    assert CodeValue(max_length=3).plain_texts([" A1 ", "", "B22"]) == ["A1", "", "B22"]


@pytest.mark.parametrize(
    "cell", ["'=A1", "a\\b", "1.5E+12", "é", "a\tb", "a" * 13, 7, FaultyCell("#N/A", rule="x", message="y")]
)
def test_a_column_with_a_doubtful_cell_is_looked_at_cell_by_cell(cell):
    assert CodeValue(max_length=12).plain_texts(["A1", cell]) is None


def test_a_required_column_with_a_blank_cell_is_looked_at_cell_by_cell():
    assert TextValue(required=True).plain_texts(["A1", " "]) is None


def test_addresses_are_looked_at_one_by_one():
    assert EmailValue().plain_texts(["plain@example.com"]) is None


def test_a_code_follows_the_pattern_that_is_declared():
    currency = CodeValue(max_length=3, upper=True, pattern="[A-Z]{3}", like="EUR")
    assert currency("gbp") == "GBP"
    with pytest.raises(BadValue, match="Write it like EUR") as refused:
        currency("£")
    assert refused.value.rule == "pattern"
