"""Two imports of the same new rows at the same time."""

import subprocess
from pathlib import Path

import pytest
from django.db import connection, transaction

from catalog.models import Product
from tests.spreadsheets.importing import start_import, wait_until, write_csv

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROWS = [f"A{number},Apple" for number in range(200)]


def backends_that_wait() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def test_one_writes_and_the_other_is_told_to_check_again(tmp_path: Path) -> None:
    files = [write_csv(tmp_path / "one.csv", "sku,name", *ROWS)]
    files.append(write_csv(tmp_path / "other.csv", "sku,name", *reversed(ROWS)))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE catalog_product IN SHARE MODE")
        running = [start_import("products", path, stderr=subprocess.PIPE) for path in files]
        wait_until(lambda: backends_that_wait() == len(files))
    said = [process.communicate()[1].decode() for process in running]
    told = dict(zip([process.returncode for process in running], said, strict=True))
    assert sorted(told) == [0, 2]
    assert "was changed after the check. Check the file again; nothing was written." in told[2]
    assert Product.objects.count() == Product.history.count() == len(ROWS)
