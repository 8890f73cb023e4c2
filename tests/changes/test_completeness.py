"""No table is left out, no column is forgotten, and no code has a way around the history."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from backoffice.changes.completeness import history_gaps, tracked_models

# What would write, or empty a table, without a trace; and the two ways past the guards that the database has.
BYPASSES = {
    "session_replication_role": r"session_replication_role",
    "DISABLE TRIGGER": r"\bdisable\s+(always\s+|replica\s+)?(trigger|rule)\b",
    "DROP TRIGGER": r"\bdrop\s+trigger\b",
    "TRUNCATE": r"\btruncate\s+(table\s+|only\s+)*[\w\"'{%]",
    "the escape of the tests": r"backoffice\.test_flush",
    "the escape of retention": r"backoffice\.erase",
}
# The guards name what they refuse. Migrations carry their text; what else migrations do is not excused.
ALLOWED = {
    ("backoffice/changes/triggers.py", "DROP TRIGGER"),
    ("backoffice/changes/triggers.py", "the escape of the tests"),
    ("backoffice/changes/triggers.py", "the escape of retention"),
    ("backoffice/changes/retention.py", "the escape of retention"),
}
GUARD_TEXT = re.compile(r"RAISE EXCEPTION '% (is append-only|keeps its history)")
PLAIN_FILES = ("Makefile", "Dockerfile", "docker-compose.yml", ".ci/*", "**/*.sql", "**/*.sh", "templates/**/*")
PACKAGES = ("backoffice", "catalog", "customers", "orders", "reports")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def pgid(model: Any, name: str) -> str:
    return next(trigger.get_pgid(model) for trigger in model._meta.triggers if trigger.name == name)


def product() -> Any:
    return apps.get_model("catalog", "Product")


def rewrite(name: str, old: str, new: str) -> None:
    """Change the text of a trigger's function as somebody with the database's own tools would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [pgid(product(), name)])
        text = cursor.fetchone()[0]
        assert old in text
        cursor.execute(text.replace(old, new))


@pytest.mark.django_db
def test_every_change_of_every_tracked_table_is_recorded() -> None:
    assert history_gaps() == []
    assert len(tracked_models()) > 15


@pytest.mark.django_db
def test_the_scan_asks_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        history_gaps()


@pytest.mark.django_db
@pytest.mark.parametrize("name", [trigger.name for trigger in apps.get_model("catalog", "Product")._meta.triggers])
def test_a_missing_trigger_is_found(name: str) -> None:
    execute(f"DROP TRIGGER {pgid(product(), name)} ON catalog_product")
    assert history_gaps() == [f"catalog_product: the trigger {name} is missing."]


@pytest.mark.django_db
def test_a_disabled_trigger_is_found() -> None:
    execute(f"ALTER TABLE catalog_product DISABLE TRIGGER {pgid(product(), 'history_update')}")
    assert history_gaps() == ["catalog_product: the trigger history_update is disabled."]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["append_only", "append_only_truncate"])
def test_a_history_without_its_guards_is_found(name: str) -> None:
    history = product().history.model
    execute(f"ALTER TABLE {history._meta.db_table} DISABLE TRIGGER {pgid(history, name)}")
    assert history_gaps() == [f"catalog_historicalproduct: the trigger {name} is disabled."]


@pytest.mark.django_db
def test_a_guard_that_lets_pass_is_found() -> None:
    rewrite("refuse_truncate", "RAISE EXCEPTION", "RAISE NOTICE")
    assert history_gaps() == ["catalog_product: the trigger refuse_truncate does not do what it should."]


@pytest.mark.django_db
def test_a_column_that_the_history_has_no_place_for_is_found() -> None:
    execute("ALTER TABLE catalog_product ADD COLUMN colour text")
    gaps = history_gaps()
    assert "catalog_product: the history has no column colour." in gaps
    assert "catalog_product: the trigger touch_updated_at does not notice a change of colour." in gaps


@pytest.mark.django_db
def test_a_column_that_a_trigger_forgets_is_found() -> None:
    execute("ALTER TABLE catalog_product ADD COLUMN colour text")
    execute("ALTER TABLE catalog_historicalproduct ADD COLUMN colour text")
    gaps = history_gaps()
    for name in ("history_insert", "history_update", "history_delete"):
        assert f"catalog_product: the trigger {name} does not write colour." in gaps


@pytest.mark.django_db
def test_a_column_that_is_not_compared_is_found() -> None:
    rewrite("history_update", 'old_rows."price"', 'new_rows."price"')
    assert history_gaps() == ["catalog_product: the trigger history_update does not notice a change of price."]


def texts_of(path: Path) -> Iterator[str]:
    """Yield the texts that a Python file hands to anybody: its strings but for docstrings, and what it calls."""
    tree = ast.parse(path.read_text())
    said = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def bypasses(root: Path) -> set[tuple[str, str]]:
    """Return the files below `root` that could leave no trace, each with how."""
    paths = {path for package in PACKAGES for path in root.glob(f"{package}/**/*.py")} | {*root.glob("*.py")}
    texts = [(path, text) for path in paths for text in texts_of(path) if not GUARD_TEXT.search(text)]
    plain = {path for pattern in PLAIN_FILES for path in root.glob(pattern) if path.is_file()}
    texts += [(path, path.read_text()) for path in plain]
    return {
        (path.relative_to(root).as_posix(), name)
        for path, text in texts
        for name, pattern in BYPASSES.items()
        if re.search(pattern, text, re.IGNORECASE)
    }


def test_no_code_writes_around_the_history() -> None:
    assert bypasses(settings.BASE_DIR) == ALLOWED


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ('cursor.execute("SET session_replication_role = replica")', "session_replication_role"),
        ('cursor.execute("ALTER TABLE x DISABLE  TRIGGER ALL")', "DISABLE TRIGGER"),
        ('cursor.execute("DROP TRIGGER x ON y")', "DROP TRIGGER"),
        ('cursor.execute("TRUNCATE x")', "TRUNCATE"),
        ('cursor.execute(f"TRUNCATE TABLE {table} CASCADE")', "TRUNCATE"),
        ("set_config('backoffice.test_flush', 'on')", "the escape of the tests"),
        ("set_config('backoffice.erase', 'on')", "the escape of retention"),
    ],
)
@pytest.mark.parametrize("file", ["orders/migrations/0009_quick.py", "backoffice/changes/models.py", "manage.py"])
def test_a_way_around_is_found(tmp_path: Path, code: str, name: str, file: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'"""TRUNCATE is refused."""\n{code}\n')
    assert bypasses(tmp_path) == {(file, name)}


def test_a_way_around_in_a_script_is_found(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("reset:\n\tpsql -c 'TRUNCATE orders_order'\n")
    assert bypasses(tmp_path) == {("Makefile", "TRUNCATE")}
