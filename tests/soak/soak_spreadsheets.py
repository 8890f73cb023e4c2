"""Spreadsheets of random and damaged content, by the thousand; SOAK_EXAMPLES says how many of each.

And such as a fuzzer makes up that watches how far into the readers each gets, for SOAK_FUZZ_SECONDS of each kind.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Product
from tests.spreadsheets.readers import fuzzing
from tests.spreadsheets.round_trips import SUFFIXES, expect_round_trip, products

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "2000"))
FUZZ_SECONDS = int(os.environ.get("SOAK_FUZZ_SECONDS", "60"))
SECONDS_A_FILE, MIB = 20, 1024
# As pyproject.toml has it: where it ought to be installed and is not, the test fails.
HAS_WHEELS = (sys.platform, platform.machine()) == ("linux", "x86_64") and sys.version_info < (3, 15)
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=CHECKS)
# Each of them takes a process of its own.
SOME = settings(MANY, max_examples=max(EXAMPLES // 20, 1))


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", SUFFIXES)
@SOME
@given(rows=products())
def test_any_products_come_back_unchanged(suffix: str, rows: list[Product]) -> None:
    expect_round_trip(rows, suffix)


@MANY
@given(st.binary(max_size=2000) | fuzzing.texts())
def test_any_content_is_read_or_refused(content: bytes) -> None:
    fuzzing.read_or_refused(content)


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
@MANY
@given(data=st.data())
def test_any_damaged_workbook_is_read_or_refused(suffix: str, data: st.DataObject) -> None:
    sound = fuzzing.workbook(suffix)
    fuzzing.read_or_refused(data.draw(fuzzing.damaged_bytes(sound) | fuzzing.damaged_parts(sound)))


@SOME
@given(data=st.data())
def test_any_damaged_workbook_of_old_excel_is_read_or_refused(data: st.DataObject, shared_data: Path) -> None:
    sound = (shared_data / "spreadsheets/readxl/type-me.xls").read_bytes()
    fuzzing.read_or_refused(data.draw(fuzzing.damaged_bytes(sound)))


def test_all_real_workbooks_of_old_excel_are_read_or_refused(shared_data: Path) -> None:
    for path in (shared_data / "spreadsheets").rglob("*.xls"):
        fuzzing.rows_of(path)


@pytest.mark.skipif(not HAS_WHEELS, reason="atheris has wheels for Linux on x86-64 and Python before 3.15 alone")
@pytest.mark.parametrize("kind", fuzzing.KINDS)
def test_whatever_a_fuzzer_makes_up_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    corpus, found = tmp_path / "corpus", tmp_path / "found"
    corpus.mkdir()
    found.mkdir()
    limits = [f"-max_total_time={FUZZ_SECONDS}", f"-timeout={SECONDS_A_FILE}", f"-rss_limit_mb={MIB}"]
    fuzzed = subprocess.run(
        [sys.executable, "-m", "tests.soak.fuzz", kind, str(corpus), *limits, f"-artifact_prefix={found}/"],
        capture_output=True,
        text=True,
        check=False,
    )
    culprits = [path.read_bytes() for path in found.iterdir()]
    assert (fuzzed.returncode, culprits) == (0, []), fuzzed.stderr[-5000:]
