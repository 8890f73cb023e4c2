"""Old versions go, and nothing else; what is left can still be held against its seals."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from backoffice.changes import retention
from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet, Seal
from backoffice.changes.retention import HistoryChanged, count_outdated, prune_history
from backoffice.changes.sealing import services
from backoffice.changes.sealing.services import seal_history
from backoffice.changes.sealing.verification import verify_history
from catalog.models import Category, Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture(autouse=True)
def small_seals(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a range hold few rows, and a transaction few ranges."""
    settings.HISTORY_HEADS_FILE = tmp_path / "history-heads.log"
    monkeypatch.setattr(services, "ROWS_IN_A_SEAL", 3)
    monkeypatch.setattr(retention, "RANGES_AT_ONCE", 2)


def age(days: dict[str, int]) -> None:
    """Date the versions called so back by so many days, before they are sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, count in days.items():
            at = NOW - timedelta(days=count)
            cursor.execute("UPDATE catalog_historicalproduct SET history_date = %s WHERE name = %s", [at, name])
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def product() -> Product:
    """A product with five versions, 500 to 1 days old, all sealed."""
    product = make_product(name="v500")
    ages = {"v500": 500, "v400": 400, "v300": 300, "v100": 100, "v1": 1}
    for name in list(ages)[1:]:
        Product.objects.filter(pk=product.pk).update(name=name)
    age(ages)
    seal_history()
    return product


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def prune(days: int) -> int:
    return sum(prune_history(model=Product, before=days_ago(days)))


def versions(product: Product) -> list[str]:
    return list(product.history.order_by("history_id").values_list("name", flat=True))


def test_the_version_in_force_then_and_all_later_ones_stay(product: Product) -> None:
    assert count_outdated(model=Product, before=days_ago(200)) == 2
    assert prune(200) == 2
    assert versions(product) == ["v300", "v100", "v1"]


def test_the_newest_version_stays_however_old(product: Product) -> None:
    prune(0)
    assert versions(product) == ["v1"]


def test_what_was_deleted_keeps_its_last_version(product: Product) -> None:
    Product.objects.filter(pk=product.pk).delete()
    seal_history()
    prune(-1)
    assert [version.history_type for version in Product.history.filter(id=product.pk)] == ["-"]


def test_other_objects_and_models_are_left_alone(product: Product) -> None:
    Category.objects.create(name="tea")
    other = make_product(name="v500")
    age({"v500": 500})
    seal_history()
    prune(200)
    assert versions(other) == ["v500"]
    assert Category.history.count() == 1


def test_what_is_left_is_sealed_anew(product: Product) -> None:
    prune(200)
    assert verify_history().problems == []
    assert Seal.objects.filter(kind=Seal.Kind.PRUNED).exists()


def test_pruning_goes_on_where_it_stopped(product: Product) -> None:
    prune(350)
    prune(200)
    assert versions(product) == ["v300", "v100", "v1"]
    assert verify_history().problems == []
    assert prune(200) == 0


def test_a_deletion_after_pruning_is_still_found(product: Product) -> None:
    prune(200)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM catalog_historicalproduct WHERE name = 'v300'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert "catalog.product" in verify_history().problems[0]


def test_what_was_forged_is_not_pruned(product: Product) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE catalog_historicalproduct SET sku = 'forged' WHERE name = 'v500'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    with pytest.raises(HistoryChanged, match=r"run manage\.py verify_history"):
        prune(200)
    assert len(versions(product)) == 5


def test_what_is_not_sealed_yet_stays(product: Product) -> None:
    for name in ("new", "newer"):
        Product.objects.filter(pk=product.pk).update(name=name)
    prune(-1)
    assert versions(product) == ["new", "newer"]


def test_the_guard_stands_again_afterwards(product: Product) -> None:
    prune(200)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Product.history.all().delete()


def test_the_command_counts_before_it_deletes(
    product: Product, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.HISTORY_KEEP_DAYS = {"catalog.product": 200}
    call_command("prune_history")
    assert "catalog.product: 2 versions would go." in capsys.readouterr().out
    assert len(versions(product)) == 5


def test_the_command_leaves_a_change_set(product: Product, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.HISTORY_KEEP_DAYS = {"catalog.product": 200}
    call_command("prune_history", apply=True)
    assert "catalog.product: 2 versions deleted." in capsys.readouterr().out
    trace = ChangeSet.objects.latest("pk")
    assert (trace.source, trace.counts) == ("prune_history", {"catalog.product": {"pruned": 2}})
    assert "kept 200 days" in trace.reason


def test_the_command_does_nothing_that_the_settings_do_not_name(product: Product, settings: Any) -> None:
    settings.HISTORY_KEEP_DAYS = {}
    call_command("prune_history", apply=True)
    with pytest.raises(CommandError, match=r"how long to keep catalog\.product"):
        call_command("prune_history", "catalog.product", apply=True)
    assert len(versions(product)) == 5


def test_a_change_after_pruning_still_tells_old_and_new(product: Product) -> None:
    prune(200)
    with recording(kind="form"):
        Product.objects.filter(pk=product.pk).update(name="now")
    assert verify_history().problems == []
    assert versions(product)[-2:] == ["v1", "now"]
