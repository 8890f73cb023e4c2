"""An import that is killed in the middle of writing."""

import os
import signal
from pathlib import Path

import pytest
from django.db import connection, transaction

from backoffice.changes.models import ChangeSet
from backoffice.spreadsheets.staging import stage_tables
from customers.models import Customer
from orders.models import Order, OrderLine
from tests.spreadsheets.importing import counts, run_import, start_import, wait_until, write_csv

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

INSERTING = "INSERT INTO orders_orderline%"
HEADER = "number,sku,quantity,placed at,unit price,customer"
ROWS = [f"{number},A1,1,2011-01-01,1.00,C{number}" for number in range(50)]


def backends_that_wait_to_insert_lines() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s", [INSERTING])
        return [pid for (pid,) in cursor.fetchall()]


def backend_lives(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", [pid])
        return bool(cursor.fetchone()[0])


def kill_while_it_inserts_lines(path: Path) -> int:
    """Hold the table of lines until the import, having written all else, waits for it; kill it; return its backend."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE orders_orderline IN SHARE MODE")
        process = start_import("orders", path)
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
