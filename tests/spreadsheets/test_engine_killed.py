"""An import that is killed in the middle of writing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection, transaction

from backoffice.changes.models import ChangeSet
from backoffice.spreadsheets.staging import stage_tables
from customers.models import Customer
from orders.models import Order, OrderLine
from tests.spreadsheets.importing import counts, run_import, write_csv

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PATIENCE = 60
INSERTING = "INSERT INTO orders_orderline%"
HEADER = "number,sku,quantity,placed at,unit price,customer"
ROWS = [f"{number},A1,1,2011-01-01,1.00,C{number}" for number in range(50)]


def start_import(path: Path) -> "subprocess.Popen[bytes]":
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_spreadsheet", "orders", str(path), "--apply"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": urlunsplit(url), "DJANGO_SETTINGS_MODULE": "backoffice.settings.test"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def backends_that_wait_to_insert_lines() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s", [INSERTING])
        return [pid for (pid,) in cursor.fetchall()]


def backend_lives(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", [pid])
        return bool(cursor.fetchone()[0])


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def kill_while_it_inserts_lines(path: Path) -> int:
    """Hold the table of lines until the import, having written all else, waits for it; kill it; return its backend."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE orders_orderline IN SHARE MODE")
        process = start_import(path)
        wait_until(backends_that_wait_to_insert_lines)
        [backend] = backends_that_wait_to_insert_lines()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return backend


def test_a_killed_import_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "orders.csv", HEADER, *ROWS)
    before = ChangeSet.objects.count()
    backend = kill_while_it_inserts_lines(path)
    wait_until(lambda: not backend_lives(backend))
    assert not any(model.objects.exists() for model in (Customer, Order, OrderLine))
    assert (ChangeSet.objects.count(), stage_tables()) == (before, [])
    assert counts(run_import("orders", path, "--apply")) == (50, 0, 0, 0)
