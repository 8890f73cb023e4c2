from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.spreadsheets.values import BadValue, DecimalValue, IntegerValue

price = DecimalValue(digits=14, places=2)


def refusal_of(convert, cell):
    with pytest.raises(BadValue) as refusal:
        convert(cell)
    return refusal.value


@pytest.mark.parametrize(("cell", "value"), [("12", 12), ("-3", -3), ("+4", 4), ("007", 7), ("12.0", 12), (12.0, 12)])
def test_whole_numbers_are_taken(cell, value):
    assert IntegerValue()(cell) == value


@pytest.mark.parametrize("cell", ["1.5", 1.5, "abc", "1e3", "NaN", "Infinity", "1_000", "٣", "5-", "(5)", "0x1F", True])
def test_what_is_not_a_whole_number_is_refused(cell):
    assert refusal_of(IntegerValue(), cell).rule == "integer"


@pytest.mark.parametrize("cell", [2**31, "99999999999", 1e300, -(2**31) - 1])
def test_a_whole_number_beyond_the_database_is_refused(cell):
    assert refusal_of(IntegerValue(), cell).rule in {"too_large", "too_small"}


def test_the_bounds_of_a_column_hold():
    assert IntegerValue(minimum=0)(0) == 0
    assert refusal_of(IntegerValue(minimum=0), "-1").rule == "too_small"


@pytest.mark.parametrize(
    ("cell", "value"), [("2.55", "2.55"), (".5", "0.5"), ("1.500", "1.5"), (2.55, "2.55"), (3, "3")]
)
def test_decimals_are_exact(cell, value):
    assert price(cell) == Decimal(value)


def test_the_noise_of_binary_numbers_is_not_a_third_decimal():
    assert price(0.1 + 0.2) == Decimal("0.3")


@pytest.mark.parametrize("cell", ["1.005", 1.005, "0.001", "1." + "0" * 40 + "1"])
def test_a_third_decimal_is_refused_never_rounded(cell):
    assert refusal_of(price, cell).rule == "decimal_places"


@pytest.mark.parametrize("cell", ["1e3", "NaN", "-Infinity", "1,50", "1,234.50", "(5)", "", float("nan"), float("inf")])
def test_what_is_not_a_plain_decimal_is_refused(cell):
    assert refusal_of(DecimalValue(digits=14, places=2, required=True), cell).rule in {"decimal", "required"}


@pytest.mark.parametrize("cell", ["£5", "5 £", "5 GBP", "GBP 5", "5", 5])
def test_a_number_may_have_its_unit(cell):
    assert DecimalValue(digits=14, places=2, unit="GBP")(cell) == 5


def test_per_cent_are_hundredths_in_a_column_of_shares():
    share = DecimalValue(digits=5, places=4, unit="%", per=Decimal("0.01"))
    assert [share(cell) for cell in ("15 %", "0.15", 0.15)] == [Decimal("0.15")] * 3


@pytest.mark.parametrize(("unit", "cell"), [("GBP", "5 EUR"), ("GBP", "€5"), ("GBP", "20%"), ("", "20%"), ("", "£5")])
def test_another_unit_is_refused(unit, cell):
    assert refusal_of(DecimalValue(digits=14, places=2, unit=unit), cell).rule == "unit"


def test_a_unit_stands_beside_decimal_commas_too():
    assert DecimalValue(digits=14, places=2, unit="EUR", decimal=",")("1.234,50 €") == Decimal("1234.50")


@pytest.mark.parametrize("cell", ["1.234", "12.500", "-1.234.567"])
def test_a_point_that_reads_two_ways_is_refused_where_the_file_does_not_tell(cell):
    assert refusal_of(DecimalValue(digits=14, places=4, decimal=""), cell).rule == "decimal_ambiguous"


@pytest.mark.parametrize(("cell", "value"), [("1234", "1234"), ("0.234", "0.234"), ("1.5", "1.5")])
def test_what_reads_one_way_is_taken_where_the_file_does_not_tell(cell, value):
    assert DecimalValue(digits=14, places=4, decimal="")(cell) == Decimal(value)


def test_a_decimal_comma_is_refused_with_the_point_to_write():
    assert "Write 1.50" in refusal_of(price, "1,50").message


def test_too_many_digits_are_refused():
    assert price("999999999999.99") == Decimal("999999999999.99")
    assert refusal_of(price, "1000000000000").rule == "too_large"


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_every_amount_comes_back_as_it_was_written(amount):
    assert price(str(amount)) == amount


@given(st.integers(min_value=-(2**31), max_value=2**31 - 1))
def test_every_integer_comes_back_as_it_was_written(number):
    assert IntegerValue()(str(number)) == number == IntegerValue()(float(number))
