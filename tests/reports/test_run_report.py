"""Reports from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from reports.models import ReportRun
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path / "files"


def run(*words: str) -> None:
    call_command("run_report", *words)


def test_it_writes_the_file_and_prints_one_line(tmp_path: Path, capsys: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "0.001"))
    out = tmp_path / "sales.json"

    run("sales-by-month", "--param", "period=all_time", "--param", "currency=GBP", "--out", str(out))

    printed = json.loads(capsys.readouterr().out)
    assert printed["totals"] == {"orders": 1, "credit_notes": 0, "units": 1, "sales": "0.001"}
    assert (printed["rows"], printed["file"]) == (1, str(out))
    assert json.loads(out.read_text())["totals"] == printed["totals"]


def test_it_keeps_the_run(tmp_path: Path) -> None:
    run("stock-value", "--out", str(tmp_path / "stock.json"))

    kept = ReportRun.objects.get()
    assert (kept.requested_words, kept.requested_by, kept.state) == ("Command line", None, "succeeded")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sales", "--out", "a.csv"], "There is no report “sales”. Choose one of: category-by-month, "),
        (["stock-value", "--out", "a.pdf"], "must end in one of .csv, .xlsx, .json; “a.pdf” does not."),
        (["stock-value", "--param", "period=today", "--out", "a.csv"], "no parameter period. It has: at, with_empty."),
        (["sales-by-month", "--param", "period=soon", "--out", "a.csv"], "Choose one of: today, yesterday, "),
        (["sales-by-month", "--param", "date_from=5.10.26", "--out", "a.csv"], "date_from: Write a day as year-month-"),
        (["sales-by-month", "--param", "period", "--out", "a.csv"], "as name=value; “period” is not."),
    ],
)
def test_wrong_use_is_a_sentence_and_status_2(words: list[str], sentence: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stop:
        run(*words)

    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not ReportRun.objects.exists()


@pytest.mark.parametrize(
    ("name", "sentence"), [("nowhere/stock.json", "No such file or directory"), ("taken.json", "Is a directory")]
)
def test_a_file_that_cannot_be_written_is_a_sentence_before_the_report_runs(
    name: str, sentence: str, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "taken.json").mkdir()

    with pytest.raises(SystemExit):
        run("stock-value", "--out", str(tmp_path / name))

    assert f"cannot be written: {sentence}." in capsys.readouterr().err
    assert not ReportRun.objects.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["taken.json"]


def test_a_file_that_is_there_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "stock.json"
    out.write_text("older")

    run("stock-value", "--out", str(out))

    assert json.loads(out.read_text())["report"] == "stock-value"
