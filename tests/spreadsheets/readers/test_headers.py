import pytest


def test_headers_are_trimmed_and_otherwise_as_written(file_of, read):
    assert read(file_of(" Unit Price ,SKU\n1,2\n"))[0].headers == ("Unit Price", "SKU")


@pytest.mark.parametrize("content", ["a,a\n1,2\n", "Name, name \n1,2\n", "Unit  price,unit price\n1,2\n"])
def test_two_headers_of_one_name_are_refused(content, file_of, refusal):
    assert refusal(file_of(content)).code == "duplicate_header"


@pytest.mark.parametrize("content", ["1,2,3\n", "2025-01-01,7.5\n", "4,,6\n7,,8\n"])
def test_a_first_row_of_values_is_no_header(content, file_of, refusal):
    assert refusal(file_of(content)).code == "no_header"


def test_a_year_may_name_one_of_the_columns(file_of, read):
    assert read(file_of("sku,2024\nA,1\n"))[0].headers == ("sku", "2024")


@pytest.mark.parametrize("content", ["", "\n\n", "   \n", ",,\n,,\n"])
def test_an_empty_file_is_refused(content, file_of, refusal):
    assert refusal(file_of(content)).code == "empty"
