from datetime import date

import pytest

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
