"""`as_of` lies before everything that is still being written, so that a late commit is never lost."""

from collections.abc import Iterator
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


def test_while_nobody_writes_everything_up_to_now_is_complete() -> None:
    before = database_now()
    assert complete_until() > before


def test_a_transaction_that_commits_late_is_not_lost(late_writer: psycopg.Connection[Any]) -> None:
    complete_until()
    written = begin_writing(late_writer)
    assert complete_until() < written


def test_a_reader_comes_as_near_to_the_late_transaction_as_it_remembers(late_writer: psycopg.Connection[Any]) -> None:
    complete_until()
    begin_writing(late_writer)
    assert complete_until() == Horizon.objects.get().at


def test_a_first_reader_goes_back_further_than_transactions_last(late_writer: psycopg.Connection[Any]) -> None:
    written = begin_writing(late_writer)
    assert (written - complete_until()).total_seconds() > MAX_TIME_LIMIT


def test_statements_that_have_not_written_yet_have_the_overlap(settings: Any) -> None:
    assert complete_until() == Horizon.objects.get().at
    settings.JSON_EXPORT_OVERLAP_SECONDS = 60
    assert (Horizon.objects.get().at - complete_until()).total_seconds() == 60


def test_a_transaction_in_another_database_holds_nothing_back(late_writer: psycopg.Connection[Any]) -> None:
    elsewhere = psycopg.connect(late_writer.info.dsn, dbname="postgres", password=late_writer.info.password)
    with elsewhere, elsewhere.transaction(force_rollback=True):
        elsewhere.execute("SELECT pg_current_xact_id()")
        with elsewhere.transaction():
            elsewhere.execute("CREATE TEMPORARY TABLE written_in_a_savepoint ()")
        before = database_now()
        assert complete_until() > before
