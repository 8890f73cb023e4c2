import pytest

KIT = "spreadsheets/csvkit"


@pytest.mark.parametrize(
    ("name", "encoding", "last"),
    [
        ("test_utf8.csv", "utf-8", "ʤ"),
        ("test_utf8_bom.csv", "utf-8", "ʤ"),
        ("test_utf16_big.csv", "utf-16", "ʤ"),
        ("test_utf16_little.csv", "utf-16", "ʤ"),
        ("test_latin1.csv", "cp1252", "©"),
    ],
)
def test_the_encoding_is_detected_and_shown(name, encoding, last, shared_data, read):
    sheet, rows = read(shared_data / KIT / name)

    assert (sheet.encoding, rows[-1].cells[-1]) == (encoding, last)
    assert sheet.headers[0] in {"foo", "a"}


def test_utf16_without_a_mark_is_recognised(file_of, read):
    assert read(file_of("name,price\nÄ,1\n".encode("utf-16-le")))[1][0].cells == ["Ä", "1"]


def test_one_late_byte_decides_for_the_whole_file(file_of, read):
    sheet, rows = read(file_of(b"a,b\n" + b"1,2\n" * 50_000 + b"3,\xe4\n"))

    assert (sheet.encoding, rows[-1].cells) == ("cp1252", ["3", "ä"])


def test_bytes_unknown_to_windows_are_latin_1(file_of, read):
    assert read(file_of(b"a,b\n\xe4,\x81\n"))[0].encoding == "latin-1"


def test_the_encoding_can_be_given(file_of, read):
    assert read(file_of("a,b\nŁódź,2\n".encode("cp1250")), encoding="windows-1250")[1][0].cells[0] == "Łódź"


def test_a_file_that_is_not_in_the_given_encoding_is_refused(file_of, refusal):
    assert refusal(file_of(b"a,b\n\xe4,2\n"), encoding="utf-8").code == "encoding"


@pytest.mark.parametrize("encoding", ["klingon", "base64", "utf-7"])
def test_an_encoding_that_is_not_offered_is_refused(encoding, file_of, refusal):
    assert "utf-8" in refusal(file_of("a,b\n"), encoding=encoding).message


def test_nul_bytes_are_refused(shared_data, refusal):
    assert refusal(shared_data / KIT / "null_byte.csv").code == "nul"
