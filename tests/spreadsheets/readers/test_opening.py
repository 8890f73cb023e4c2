import gzip
import zipfile

import pytest

FOREIGN = [
    (b"%PDF-1.7\n...", "PDF"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"<!DOCTYPE html><html>", "HTML"),
    (b"\n<table><tr><td>", "HTML"),
    (b'{"rows": []}', "JSON"),
    (b'[{"a": 1}]', "JSON"),
]


@pytest.mark.parametrize(("content", "kind"), FOREIGN)
def test_another_kind_of_file_is_named_whatever_its_ending(content, kind, file_of, refusal):
    error = refusal(file_of(content, "prices.csv"))

    assert error.code == "wrong_type"
    assert kind in error.message
    assert "prices.csv" in error.message


def test_an_encrypted_workbook_is_refused_as_such(file_of, refusal):
    content = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "EncryptedPackage".encode("utf-16-le")

    assert refusal(file_of(content, "secret.xlsx")).code == "password"


@pytest.mark.parametrize(
    ("part", "words"), [("content.xml", "OpenDocument"), ("xl/workbook.bin", "XLSB"), ("word/document.xml", "ZIP")]
)
def test_another_kind_of_archive_is_named(part, words, tmp_path, refusal):
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, "")

    assert words in refusal(path).message


def test_a_workbook_that_was_cut_off_is_refused(shared_data, file_of, refusal):
    content = (shared_data / "spreadsheets/readxl/types.xlsx").read_bytes()

    assert refusal(file_of(content[:5000], "types.xlsx")).code == "damaged"


def test_a_gzipped_archive_is_not_unpacked_twice(file_of, refusal):
    content = gzip.compress(b"PK\x03\x04" + bytes(100))

    assert refusal(file_of(content, "a.csv.gz")).code == "wrong_type"


def test_a_file_that_is_not_there_is_refused(tmp_path, refusal):
    assert "missing.csv" in refusal(tmp_path / "missing.csv").message


@pytest.mark.parametrize(("option", "value"), [("encoding", "cp1252"), ("delimiter", ";")])
def test_what_a_workbook_does_not_have_cannot_be_chosen(option, value, shared_data, refusal):
    error = refusal(shared_data / "spreadsheets/readxl/types.xlsx", **{option: value})

    assert error.code == option
    assert "A workbook" in error.message


def test_a_csv_file_has_no_sheets_to_choose_from(file_of, refusal):
    assert "A CSV file has no sheets" in refusal(file_of("a,b\n1,2\n"), sheet="Prices").message
