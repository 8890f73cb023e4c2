"""Whoever changes the history past its guards, as the database's own superuser can, is found out."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet, Seal
from backoffice.changes.sealing import services, verification
from backoffice.changes.sealing.canonical import contents, sealed_tables
from backoffice.changes.sealing.services import ChainBroken, seal_history
from backoffice.changes.sealing.verification import verify_history
from backoffice.changes.sealing.witness import open_witness
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from catalog.models import Category, Product
from customers.models import Customer
from tests.factories import make_placed

pytestmark = pytest.mark.django_db

LABELS = ("catalog.product", "catalog.category", "customers.customer", "changes.changeset")


@pytest.fixture(autouse=True)
def heads_file(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record of its own for each test, and seals of a few rows, so that there are many."""
    settings.HISTORY_HEADS_FILE = tmp_path / "heads" / "history-heads.log"
    monkeypatch.setattr(services, "ROWS_IN_A_SEAL", 7)
    return settings.HISTORY_HEADS_FILE


@pytest.fixture
def sealed() -> list[Seal]:
    """History of several models, sealed in two goes."""
    for name in ("first", "second"):
        with recording(kind="import", source=f"{name}.csv", reason=name):
            write_some(name)
        seal_history()
    return list(Seal.objects.all())


def write_some(name: str) -> None:
    category = Category.objects.create(name=name)
    Product.objects.bulk_create([Product(sku=f"{name}-{n}", name=name, category=category) for n in range(12)])
    Product.objects.filter(name=name).update(status="active")
    Customer.objects.bulk_create([Customer(number=f"{name}-{n}") for n in range(5)])


def by_superuser(statement: str, *params: Any) -> int:
    """Execute a statement with all triggers off; return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, params)
        touched = cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")
    return touched


def ids_of(label: str) -> list[int]:
    table = sealed_tables()[label]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {table.key} FROM {table.name} WHERE {table.key} <= %s ORDER BY 1", [reach(label)])
        return [pk for (pk,) in cursor.fetchall()]


def reach(label: str) -> int:
    return Seal.objects.filter(label=label).latest("upto").upto


def names(problem: str, label: str, pk: int) -> bool:
    """Whether the problem names a range of `label` with `pk` in it."""
    found = re.search(rf"{re.escape(label)}, (?:versions )?(-?\d+) to (-?\d+)", problem)
    return found is not None and int(found[1]) <= pk <= int(found[2])


def test_what_nobody_touched_is_as_it_was_sealed(sealed: list[Seal]) -> None:
    found = verify_history()
    assert found.problems == []
    assert found.rows > 60
    assert (found.seals, found.head) == (len(sealed), sealed[-1].hash)


def test_a_range_is_sealed_once(sealed: list[Seal]) -> None:
    assert seal_history() == 0
    assert Seal.objects.count() == len(sealed)


def test_numbers_that_no_row_has_need_no_seals_of_their_own(sealed: list[Seal]) -> None:
    before = reach("catalog.category")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('catalog_historicalcategory', 'history_id'), %s)", [before + 10_000]
        )
    Category.objects.create(name="far away")
    seal_history()
    newest = Seal.objects.filter(label="catalog.category").exclude(pk__in=[seal.pk for seal in sealed])
    assert [(seal.after, seal.upto, seal.rows) for seal in newest] == [(before, before + 10_001, 1)]
    assert verify_history().problems == []


# What a forger does: each takes a table and two of its rows, and returns the number of one that must be named.


def edit(table: Any, pk: int, _other: int, draw: Any) -> int:
    column = draw(st.sampled_from([column for column in table.columns if column != table.key]))
    value = {
        "A": "array_append({0}, 'x')",
        "B": "NOT coalesce({0}, false)",
        "D": "coalesce({0}, now()) + interval '1 day'",
        "N": "coalesce({0}, 0) + 1",
        "S": "CASE WHEN {0} = '' THEN 'x' ELSE coalesce(substr({0}, 2), 'x') END",
        "U": "gen_random_uuid()",
    }[category_of(table.name, column)]
    by_superuser(f"UPDATE {table.name} SET {column} = {value.format(column)} WHERE {table.key} = %s", pk)
    return pk


def delete(table: Any, pk: int, _other: int, _draw: Any) -> int:
    by_superuser(f"DELETE FROM {table.name} WHERE {table.key} = %s", pk)
    return pk


def delete_newest(table: Any, _pk: int, _other: int, _draw: Any) -> int:
    newest = ids_of(table.label)[-1]
    return delete(table, newest, newest, _draw)


def insert(table: Any, pk: int, _other: int, draw: Any) -> int:
    """Put a copy of a row where a number is free: one of a write that was rolled back, or one never given."""
    taken = ids_of(table.label)
    free = draw(st.sampled_from([*(set(range(1, taken[-1])) - set(taken)), 0, -5, taken[-1] + 1000]))
    values = {column: column for column in table.columns} | {table.key: "%s"} | {"key": "gen_random_uuid()"}
    chosen = [values[column] for column in table.columns]
    columns = ", ".join(table.columns)
    sql = f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(chosen)} FROM {table.name} WHERE {table.key} = %s"
    by_superuser(sql, free, pk)
    return free


def swap(table: Any, pk: int, other: int, _draw: Any) -> int:
    for old, new in ((pk, -1), (other, pk), (-1, other)):
        by_superuser(f"UPDATE {table.name} SET {table.key} = %s WHERE {table.key} = %s", new, old)
    return pk


def category_of(table: str, column: str) -> str:
    """Return what sort of values a column has, as PostgreSQL names the sorts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT typcategory FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
            " WHERE attrelid = %s::regclass AND attname = %s",
            [table, column],
        )
        return str(cursor.fetchone()[0])


def leave_gaps() -> None:
    """Use up numbers in writes that are rolled back."""
    with transaction.atomic():
        write_some("lost")
        transaction.set_rollback(True)


def test_two_hundred_forgeries_are_found_and_named(heads_file: Path) -> None:
    write_some("first")
    leave_gaps()
    write_some("second")
    seal_history()
    rows = {label: ids_of(label) for label in LABELS}

    @profile(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data(), st.sampled_from(LABELS), st.sampled_from([edit, delete, delete_newest, insert, swap]))
    def forge(data: Any, label: str, forgery: Callable[..., int]) -> None:
        pk, other = data.draw(st.lists(st.sampled_from(rows[label]), min_size=2, max_size=2, unique=True))
        with transaction.atomic():
            forged = forgery(sealed_tables()[label], pk, other, data.draw)
            problems = verify_history().problems
            transaction.set_rollback(True)
        assert any(names(problem, label, forged) for problem in problems), (forgery.__name__, label, forged, problems)

    forge()
    assert verify_history().problems == []


# Versions that are too new to be sealed are held against what their change set says.


def test_the_newest_rows_cannot_go_before_they_are_sealed(sealed: list[Seal]) -> None:
    with recording(kind="form"):
        write_some("third")
    newest = ChangeSet.objects.latest("pk").pk
    assert verify_history().problems == []
    latest = Product.history.latest("history_id").history_id
    by_superuser("DELETE FROM catalog_historicalproduct WHERE history_id = %s", latest)
    assert verify_history().problems == [
        f"catalog.product: the versions of change set {newest} are not as many as it says."
    ]


def test_a_version_put_in_before_it_is_sealed_is_found(sealed: list[Seal]) -> None:
    product = Product.objects.latest("pk")
    with recording(kind="form"):
        Product.objects.filter(pk=product.pk).update(name="new")
    table = sealed_tables()["catalog.product"]
    others = ", ".join(column for column in table.columns if column != table.key)
    newest = f"SELECT {others} FROM {table.name} ORDER BY history_id DESC LIMIT 1"
    by_superuser(f"INSERT INTO {table.name} ({others}) {newest}")
    assert "catalog.product: the versions of change set" in verify_history().problems[0]


# The chain, and its record outside.


def test_a_forged_seal_is_found(sealed: list[Seal]) -> None:
    by_superuser("UPDATE changes_seal SET digest = repeat('0', 64) WHERE number = 2")
    assert verify_history().problems[0].startswith("Seal 2 (")


def test_a_chain_that_was_written_anew_is_found(sealed: list[Seal], heads_file: Path) -> None:
    """The forger changes a row, and then all seals from there on, as only the record outside can tell."""
    by_superuser("UPDATE catalog_historicalcategory SET name = 'forged'")
    by_superuser("DELETE FROM changes_seal")
    heads_file.rename(heads_file.with_suffix(".kept"))
    seal_history()
    heads_file.with_suffix(".kept").rename(heads_file)
    assert any("is not the one recorded in" in problem for problem in verify_history().problems)


def test_the_newest_seals_cannot_go(sealed: list[Seal]) -> None:
    by_superuser("DELETE FROM changes_seal WHERE number > %s", len(sealed) - 2)
    problems = verify_history().problems
    assert any(f"Seals {len(sealed) - 1} to {len(sealed)} are missing" in problem for problem in problems)


def test_seals_in_the_middle_cannot_go(sealed: list[Seal]) -> None:
    by_superuser("DELETE FROM changes_seal WHERE number = 3")
    assert "Seals 3 to 3 are missing." in verify_history().problems


def test_a_seal_that_replaces_another_must_be_recorded_outside(sealed: list[Seal], heads_file: Path) -> None:
    """The forger changes a row, and seals its range anew in the way of retention."""
    by_superuser("UPDATE catalog_historicalcategory SET name = 'forged'")
    table = sealed_tables()["catalog.category"]
    parts = services.contents(table, table.columns, [(0, reach("catalog.category"))])
    (seal,) = services.add_seals([(table, part) for part in parts], kind=Seal.Kind.PRUNED)
    with open_witness(writing=True) as witness:
        services.check_head(witness)
    assert any(f"Seal {seal.number} (" in each and "replaces another" in each for each in verify_history().problems)


def test_a_lost_record_is_found(sealed: list[Seal], heads_file: Path) -> None:
    heads_file.unlink()
    assert verify_history().problems == [f"Seals 1 to {len(sealed)} are not recorded in {heads_file}."]


def test_nothing_is_added_to_a_chain_that_was_cut(sealed: list[Seal]) -> None:
    by_superuser("DELETE FROM changes_seal WHERE number = %s", len(sealed))
    with pytest.raises(ChainBroken, match=r"Run manage\.py verify_history"):
        seal_history()


def test_a_head_that_could_not_be_recorded_is_recorded_next_time(sealed: list[Seal], heads_file: Path) -> None:
    """The process died between its commit and the line; half a line may be there."""
    lines = heads_file.read_text().splitlines(keepends=True)
    heads_file.write_text("".join(lines[:-1]) + lines[-1][:30])
    seal_history()
    assert verify_history().problems == []


def test_a_guard_that_is_gone_is_told(sealed: list[Seal]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE catalog_product DISABLE TRIGGER ALL")
    assert "catalog_product: the trigger history_update is disabled." in verify_history().problems


def test_a_new_column_leaves_old_seals_true(sealed: list[Seal]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE catalog_historicalcategory ADD COLUMN colour text DEFAULT 'red'")
    assert verify_history().problems == []


def test_values_are_hashed_alike_in_every_session(sealed: list[Seal]) -> None:
    table = sealed_tables()["catalog.product"]
    asked = [(0, reach(table.label))]
    before = list(contents(table, table.columns, asked))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'")
    assert list(contents(table, table.columns, asked)) == before


# Transactions that commit late.


@pytest.fixture
def late_writer() -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's connection, whose transactions commit when the test says so."""
    parameters = {name: value for name, value in connection.get_connection_params().items() if name != "context"}
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters) as writer:
        yield writer
        writer.rollback()


def sealed_rows(label: str) -> int:
    return sum(Seal.objects.filter(label=label).values_list("rows", flat=True))


INSERT = "INSERT INTO catalog_category (name, position, description) VALUES (%s, 0, '')"


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_commits_late_is_sealed_when_it_has(late_writer: psycopg.Connection[Any]) -> None:
    late_writer.execute(INSERT, ["late"])
    Category.objects.create(name="early")
    seal_history()
    assert sealed_rows("catalog.category") == 0
    late_writer.commit()
    seal_history()
    assert sealed_rows("catalog.category") == 2
    assert verify_history().problems == []


@pytest.mark.django_db(transaction=True)
def test_what_was_complete_before_a_long_transaction_is_sealed_meanwhile(
    late_writer: psycopg.Connection[Any],
) -> None:
    Category.objects.create(name="before")
    services.take_mark()
    late_writer.execute(INSERT, ["late"])
    Category.objects.create(name="after")
    seal_history()
    assert sealed_rows("catalog.category") == 1


@pytest.mark.django_db(transaction=True)
def test_sealing_never_sits_in_another_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        seal_history()


# The job and the commands.


@pytest.mark.django_db(transaction=True)
def test_the_job_seals_what_was_written() -> None:
    Category.objects.create(name="tea")
    job = enqueue_job(kind="changes.seal_history")
    assert run_job(job.pk) == Job.State.SUCCEEDED
    assert Seal.objects.filter(label="catalog.category", rows=1).exists()


def test_the_head_stands_in_the_log(sealed: list[Seal], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Category.objects.create(name="tea")
    seal_history()
    assert f"number {Seal.objects.latest('number').number}, hash " in caplog.text


def test_the_command_says_that_all_is_well(sealed: list[Seal], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_history")
    assert "The history is what was written." in capsys.readouterr().out


def test_the_command_fails_when_something_was_changed(sealed: list[Seal], capsys: pytest.CaptureFixture[str]) -> None:
    by_superuser("UPDATE catalog_historicalcategory SET name = 'forged'")
    with pytest.raises(CommandError, match="is not what was written"):
        call_command("verify_history")
    assert re.search(r"catalog\.category, versions \d+ to \d+.*: rows were changed\.", capsys.readouterr().err)


def test_an_order_in_all_its_steps_is_sealed() -> None:
    make_placed()
    assert seal_history() > 5
    assert verify_history().problems == []


@pytest.mark.parametrize("page", [1, 3])
def test_many_seals_are_checked_page_by_page(sealed: list[Seal], page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "PAGE", page)
    rows = verify_history().rows
    assert rows > 60
    by_superuser(
        "UPDATE catalog_historicalproduct SET name = 'forged' WHERE history_id = %s", ids_of("catalog.product")[-1]
    )
    assert len(verify_history().problems) == 1
