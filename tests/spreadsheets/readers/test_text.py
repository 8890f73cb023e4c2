import gzip
import json

import pytest

SPECTRUM = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "newlines",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


@pytest.mark.parametrize("name", SPECTRUM)
def test_the_spectrum_of_csv_reads_as_expected(name, shared_data, read):
    folder = shared_data / "spreadsheets" / "csv-spectrum"
    expected = json.loads((folder / f"{name}.json").read_bytes())

    sheet, rows = read(folder / f"{name}.csv")

    assert [dict(zip(sheet.headers, row.cells, strict=True)) for row in rows] == expected


def test_line_ends_of_windows_inside_quotes_are_kept(shared_data, file_of, read):
    folder = shared_data / "spreadsheets" / "csv-spectrum"
    content = (folder / "newlines.csv").read_bytes().replace(b"\r", b"").replace(b"\n", b"\r\n")

    _sheet, rows = read(file_of(content))

    assert [list(row.values()) for row in json.loads((folder / "newlines_crlf.json").read_bytes())] == [
        row.cells for row in rows
    ]


def test_line_ends_of_old_macs_end_rows(shared_data, read):
    assert read(shared_data / "spreadsheets/csvkit/mac_newlines.csv")[1][1].cells == ["Once upon\ra time", "5", "6"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(delimiter, file_of, read):
    sheet, rows = read(file_of("name,price\nA,1\nB,2\n".replace(",", delimiter)))

    assert (sheet.delimiter, sheet.headers, rows[1].cells) == (delimiter, ("name", "price"), ["B", "2"])


def test_decimal_commas_do_not_pass_for_delimiters(file_of, read):
    sheet, _rows = read(file_of("name;price;cost\nA;1,5;2,5\nB;1,0;2,0\n"))

    assert sheet.delimiter == ";"


def test_the_delimiter_can_be_given_or_declared(file_of, read):
    assert read(file_of("a|b,c\n"), delimiter="|")[0].headers == ("a", "b,c")
    assert read(file_of("sep=;\na,b;c\n1;2\n"))[1][0] == (3, ["1", "2"], None)


def test_line_numbers_are_those_of_an_editor(file_of, read):
    _sheet, rows = read(file_of('\n\na,b\n1,"x\ny"\n\n , \n2,z\n'))

    assert [row.number for row in rows] == [4, 8]


def test_short_and_long_rows_are_problems_not_padded(shared_data, read):
    _sheet, rows = read(shared_data / "spreadsheets" / "csvkit" / "bad.csv")

    assert [(row.number, row.problem and row.problem.rule) for row in rows] == [
        (2, "row_length"),
        (3, "row_length"),
        (4, None),
    ]


def test_every_row_has_as_many_cells_as_headers(shared_data, read):
    sheet, rows = read(shared_data / "spreadsheets" / "csvkit" / "bad.csv")

    assert {len(row.cells) for row in rows} == {len(sheet.headers)}


def test_blank_cells_beyond_the_headers_are_no_problem(file_of, read):
    assert read(file_of("a,b,,\n1,2,,\n3,4,,,\n"))[1] == [(2, ["1", "2"], None), (3, ["3", "4"], None)]


def test_a_value_below_a_blank_header_is_refused(file_of, refusal):
    assert refusal(file_of("a,,c\n1,2,3\n")).code == "blank_header"
    assert refusal(file_of("a,b,\n1,2,3\n")).code == "blank_header"


def test_a_quote_that_is_never_closed_is_refused_with_its_line(file_of, refusal):
    error = refusal(file_of('a,b\n1,x\n2,"5 inch\n' + "3,y\n" * 1000))

    assert error.code == "unclosed_quote"
    assert "line 3" in error.message


def test_a_quote_that_swallows_lines_up_to_the_next_is_refused(file_of, refusal):
    assert refusal(file_of('a,b\n2,"5 inch\n3,"y"\n')).code == "unclosed_quote"


def test_a_stray_quote_is_a_problem_of_its_row_alone(file_of, read):
    _sheet, rows = read(file_of('a,b\n1,"x"y\n2,z\n'))

    assert [(row.cells, row.problem and row.problem.rule) for row in rows] == [
        (["1", "xy"], "quotes"),
        (["2", "z"], None),
    ]


def test_quotes_after_a_space_are_not_part_of_the_value(file_of, read):
    assert read(file_of('a, b\n1, "x, y"\n'))[1][0].cells == ["1", "x, y"]


def test_a_gzipped_file_is_read_as_it_streams(shared_data, read):
    sheet, rows = read(shared_data / "online_retail" / "online_retail.csv.gz")

    assert sheet.headers[0] == "InvoiceNo"
    assert len(rows) == 541_909
    assert not any(row.problem for row in rows)


def test_a_gzipped_file_that_was_cut_off_is_refused(file_of, refusal):
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)

    assert refusal(file_of(content[:-20], "file.csv.gz")).code == "damaged"


def test_a_gzip_bomb_is_refused_before_its_rows(file_of, refusal):
    bomb = gzip.compress(b"a,b\n" + b"0" * 50_000_000)

    assert refusal(file_of(bomb, "bomb.csv.gz"), limits={"unzipped_bytes": 1_000_000}).code == "unzipped_bytes"


def test_what_unpacks_to_many_times_its_size_is_refused_before_its_rows(file_of, refusal):
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 10_000_000)

    assert refusal(file_of(bomb, "bomb.csv.gz")).code == "ratio"


@pytest.mark.parametrize(
    ("limits", "code"), [({"bytes": 10}, "bytes"), ({"rows": 2}, "rows"), ({"columns": 1}, "columns")]
)
def test_a_file_beyond_a_limit_is_refused(limits, code, file_of, refusal):
    assert refusal(file_of("a,b\n1,2\n3,4\n5,6\n"), limits=limits).code == code


def test_a_cell_beyond_its_limit_is_refused(file_of, refusal):
    assert refusal(file_of("a,b\n1," + "x" * 101 + "\n"), limits={"cell_length": 100}).code == "cell_length"
    assert refusal(file_of('a,b\n1,"' + "x\n" * 60 + '"\n'), limits={"cell_length": 100}).code == "cell_length"


def test_titles_above_the_header_row_are_passed_over(file_of, read):
    path = file_of('Stock list; "July\nAll shops\n\nsku,price\nA,1\n')

    sheet, rows = read(path, header_row=4)

    assert (sheet.headers, sheet.delimiter, sheet.header_row) == (("sku", "price"), ",", 4)
    assert rows == [(5, ["A", "1"], None)]


def test_the_header_row_found_is_shown(file_of, read):
    assert read(file_of("\n\nsku\nA\n"))[0].header_row == 3


def test_a_header_row_below_the_table_is_refused(file_of, refusal):
    error = refusal(file_of("sku\nA\n"), header_row=9)

    assert "nothing from row 9 on" in error.message
    assert error.layout.encoding == "utf-8"
