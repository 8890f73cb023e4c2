"""The command line puts files onto the desk in a person's name, and its exit status says what became of them."""

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class

from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.services import confirm_import, discard_import, handing
from catalog.models import Product
from tests.factories import make_product
from tests.spreadsheets.importing import run_import, write_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "good.csv", "SKU,Name", "A-1,Tea")


@pytest.fixture
def steep(tmp_path: Path) -> Path:
    """A price list on which a product costs nothing from now on: two of them want a manager."""
    for number in range(60):
        make_product(sku=f"A-{number}", price="10.00")
    return write_csv(tmp_path / "steep.csv", "SKU,Price", *(f"A-{number},0" for number in range(60)))


def decided(monkeypatch: pytest.MonkeyPatch, decide: Any) -> None:
    """Let a colleague decide while the command waits between two looks."""
    monkeypatch.setattr(handing.time, "sleep", lambda _seconds: decide(ImportJob.objects.get()))


def test_a_file_is_put_onto_the_desk_and_waits_for_its_owner(good: Path, catalogue_manager: Any) -> None:
    answer = run_import("products", good, "--as", catalogue_manager.email.upper())
    job = ImportJob.objects.get(pk=answer["import"])
    assert (answer["status"], answer["state"], answer["create"]) == (0, "checked", 1)
    assert (job.owner, job.source, Product.objects.exists()) == (catalogue_manager, "command", False)


def test_it_is_applied_in_the_name_of_its_owner(good: Path, catalogue_manager: Any) -> None:
    answer = run_import("products", good, "--as", catalogue_manager.email, "--apply", "--reason", "spring")
    change_set = ImportJob.objects.get(pk=answer["import"]).change_set
    assert change_set is not None
    assert (answer["status"], answer["state"], answer["change_set"]) == (0, "applied", change_set.pk)
    assert (change_set.actor, change_set.reason) == (catalogue_manager, "spring")


def test_refused_rows_leave_it_on_the_desk_unless_the_good_ones_are_enough(
    tmp_path: Path, catalogue_manager: Any
) -> None:
    path = write_csv(tmp_path / "mixed.csv", "SKU,Price", "A-1,1.00", "A-2,x")
    first = run_import("products", path, "--as", catalogue_manager.email, "--apply")
    assert (first["status"], first["state"], Product.objects.exists()) == (1, "checked", False)
    second = run_import("products", path, "--as", catalogue_manager.email, "--apply", "--only-valid")
    assert (second["status"], second["state"], Product.objects.count()) == (0, "applied", 1)


def test_what_a_manager_has_to_approve_is_put_before_the_managers(steep: Path, catalogue_manager: Any) -> None:
    answer = run_import("products", steep, "--as", catalogue_manager.email, "--apply", "--accept-warnings")
    job = ImportJob.objects.get(pk=answer["import"])
    assert (answer["status"], answer["state"], job.needs_approval) == (3, "checked", True)
    assert job.approval_asked_at is not None


def test_the_command_waits_until_somebody_decides(
    steep: Path, catalogue_manager: Any, manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(monkeypatch, lambda job: confirm_import(job=job, actor=manager, accepted=True))
    answer = run_import("products", steep, "--as", catalogue_manager.email, "--apply", "--wait", "60")
    assert (answer["status"], answer["state"]) == (0, "applied")
    assert not Product.objects.exclude(price=0).exists()


def test_an_import_that_is_discarded_ends_the_waiting(
    good: Path, catalogue_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(monkeypatch, lambda job: discard_import(job=job, actor=catalogue_manager))
    answer = run_import("products", good, "--as", catalogue_manager.email, "--wait", "60")
    assert (answer["status"], answer["state"]) == (5, "cancelled")


def test_the_waiting_ends_when_its_time_is_up(good: Path, catalogue_manager: Any) -> None:
    answer = run_import("products", good, "--as", catalogue_manager.email, "--wait", "0.01")
    assert (answer["status"], answer["state"]) == (4, "checked")


@pytest.mark.parametrize("arguments", [("--as", "nobody@example.com"), ("--wait", "5")])
def test_a_name_that_nobody_has_is_refused(good: Path, arguments: tuple[str, ...]) -> None:
    answer = run_import("products", good, *arguments)
    assert (answer["status"], "Nobody who works here" in answer["stderr"]) == (2, True)
    assert not ImportJob.objects.exists()


def test_the_rights_are_those_of_the_person(good: Path, operator: Any) -> None:
    answer = run_import("products", good, "--as", operator.email)
    assert (answer["status"], "Your role does not allow" in answer["stderr"]) == (2, True)


def test_of_a_file_that_does_not_fit_nothing_is_kept(tmp_path: Path, catalogue_manager: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    path = write_csv(tmp_path / "wrong.csv", "Code,Name", "A-1,Tea")
    answer = run_import("products", path, "--as", catalogue_manager.email)
    assert (answer["status"], ImportJob.objects.exists()) == (2, False)
    assert [each for each in (tmp_path / "media").rglob("*") if each.is_file()] == []


def test_every_exit_status_is_in_the_help() -> None:
    shown = io.StringIO()
    with redirect_stdout(shown):
        load_command_class("backoffice", "import_spreadsheet").print_help("manage.py", "import_spreadsheet")
    for status in range(6):
        assert f"\n  {status}  " in shown.getvalue()
