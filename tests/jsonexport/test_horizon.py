"""`as_of` lies before everything that is still being written, so that a late commit is never lost."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.db import connection

from backoffice.jobs.clock import database_now
from backoffice.jobs.registry import MAX_TIME_LIMIT
from backoffice.jsonexport.horizon import complete_until
from backoffice.jsonexport.models import Horizon

pytestmark = pytest.mark.django_db
# Other databases of the server, where other tests run, have transactions too: they end, but not at once.
PATIENCE = 90


@pytest.fixture(autouse=True)
def no_overlap(settings: Any) -> None:
    settings.JSON_EXPORT_OVERLAP_SECONDS = 0


@pytest.fixture
def late_writer() -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's connection, whose transactions commit when the test says so."""
    parameters = {name: value for name, value in connection.get_connection_params().items() if name != "context"}
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters) as writer:
        yield writer
        writer.rollback()


def begin_writing(writer: psycopg.Connection[Any]) -> datetime:
    """Write a product in a transaction that goes on; return its `updated_at`."""
    sql = "INSERT INTO catalog_category (name, position, description) VALUES ('late', 0, '') RETURNING updated_at"
    row = writer.execute(sql).fetchone()
    assert row is not None
    written: datetime = row[0]
    return written


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_while_nobody_writes_everything_up_to_now_is_complete() -> None:
    before = database_now()
    wait_until(lambda: complete_until() > before)


def test_a_transaction_that_commits_late_is_not_lost(late_writer: psycopg.Connection[Any]) -> None:
    complete_until()
    written = begin_writing(late_writer)
    assert complete_until() < written


def test_a_reader_comes_as_near_to_the_late_transaction_as_it_remembers(late_writer: psycopg.Connection[Any]) -> None:
    complete_until()
    begin_writing(late_writer)
    wait_until(lambda: complete_until() == Horizon.objects.get().at)


def test_a_first_reader_goes_back_further_than_transactions_last(late_writer: psycopg.Connection[Any]) -> None:
    written = begin_writing(late_writer)
    assert (written - complete_until()).total_seconds() > MAX_TIME_LIMIT


def test_statements_that_have_not_written_yet_have_the_overlap(settings: Any) -> None:
    wait_until(lambda: complete_until() == Horizon.objects.get().at)
    settings.JSON_EXPORT_OVERLAP_SECONDS = 60
    assert (Horizon.objects.get().at - complete_until()).total_seconds() == 60
