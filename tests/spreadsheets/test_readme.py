"""The import that the README shows in ten lines: it works as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.resources import TableResource
from backoffice.spreadsheets.values import CodeValue, TextValue
from customers.models import Customer
from tests.factories import make_customer
from tests.spreadsheets.importing import counts, run_import, write_csv

SHOWN = re.search(r"```python\n(class PhoneResource.*?)```", (settings.BASE_DIR / "README.md").read_text(), re.DOTALL)
NAMES = (_, Column, TableResource, CodeValue, TextValue, Customer)


def phone_resource() -> Any:
    assert SHOWN is not None
    known = {"_": _} | {each.__name__: each for each in NAMES[1:]}
    exec(SHOWN[1], known)  # noqa: S102 - our own README
    return known["PhoneResource"]


PhoneResource = phone_resource()


def test_it_takes_ten_lines() -> None:
    assert SHOWN is not None
    assert len([line for line in SHOWN[1].splitlines() if line.strip()]) <= 10


@pytest.mark.django_db
def test_it_imports_what_is_there_and_creates_nothing(settings: Any, tmp_path: Path) -> None:
    settings.SPREADSHEET_RESOURCES = settings.SPREADSHEET_RESOURCES | {"phones": f"{__name__}.PhoneResource"}
    make_customer(number="C-1")
    path = write_csv(tmp_path / "p.csv", "number,telephone", "C-1,+44 20 1", "C-2,+44 20 2")
    answer = run_import("phones", path, "--only-valid", "--apply")
    assert counts(answer) == (0, 1, 0, 1)
    assert Customer.objects.get().phone == "+44 20 1"
