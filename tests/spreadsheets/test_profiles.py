"""Profiles: saved from an import, shared, versioned, and used for the next file of the same make."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from backoffice.changes.refusals import RefusedError
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.services import (
    check_as_before,
    check_import,
    choose_profile,
    confirm_import,
    find_profile,
    header_changes,
    is_understood_otherwise,
    save_profile,
    upload_file,
)
from catalog.models import Product
from tests.spreadsheets.importing import run_import, write_csv

pytestmark = pytest.mark.django_db

FILE = "Ref;Titel;Preis\nA-1;Tea;2,50\n"
UNDERSTOOD: dict[str, Any] = {
    "mapped": {"sku": "Ref", "name": "Titel", "price": "Preis"},
    "constants": {"status": "active"},
    "options": {"decimal": ",", "mode": "create"},
}


def uploaded(actor: Any, text: str = FILE, **asked: Any) -> ImportJob:
    file = SimpleUploadedFile("list.csv", text.encode())
    return upload_file(resource="products", file=file, filename="list.csv", actor=actor, **asked)


def saved(actor: Any, name: str = "Miller") -> ImportProfile:
    job = check_import(job=uploaded(actor), actor=actor, **UNDERSTOOD)
    return save_profile(job=job, actor=actor, name=name)


def test_the_next_file_with_these_columns_is_understood_alike(catalogue_manager: Any, manager: Any) -> None:
    profile = saved(catalogue_manager)
    job = uploaded(manager, "Ref;Titel;Preis\nA-2;Rum;3,10\n")
    assert job.profile == profile
    understood, asked = check_as_before(job=job)
    assert understood == profile
    confirm_import(job=check_import(job=job, actor=manager, **asked), actor=manager)
    product = Product.objects.get()
    assert (product.sku, product.name, str(product.price), product.status) == ("A-2", "Rum", "3.1000", "active")


def test_the_order_of_the_columns_does_not_matter(catalogue_manager: Any) -> None:
    profile = saved(catalogue_manager)
    assert uploaded(catalogue_manager, "Preis;Ref;Titel\n3,10;A-2;Rum\n").profile == profile


def test_a_file_with_other_columns_gets_no_profile_by_itself(catalogue_manager: Any) -> None:
    saved(catalogue_manager)
    assert uploaded(catalogue_manager, "Ref;Titel\nA-2;Rum\n").profile is None


def test_a_field_that_the_profile_leaves_out_stays_out(catalogue_manager: Any) -> None:
    job = check_import(job=uploaded(catalogue_manager, "SKU,Name\nA-1,Tea\n"), actor=None, mapped={"name": ""})
    save_profile(job=job, actor=catalogue_manager, name="Codes only")
    again = uploaded(catalogue_manager, "SKU,Name\nA-1,Tea\n")
    checked = check_import(job=again, actor=None, **check_as_before(job=again)[1])
    assert checked.mapping == {"sku": "SKU"}


def test_saving_under_the_same_name_makes_a_new_version(catalogue_manager: Any) -> None:
    profile = saved(catalogue_manager)
    job = check_import(job=uploaded(catalogue_manager), actor=None, **{**UNDERSTOOD, "constants": {}})
    assert is_understood_otherwise(job, profile)
    assert save_profile(job=job, actor=catalogue_manager, name=" MILLER ") == profile
    assert [version.constants for version in profile.history.all()] == [{}, {"status": "active"}]


def test_a_colleague_s_profile_is_changed_by_its_owner_and_by_managers_alone(
    catalogue_manager: Any, manager: Any, operator: Any
) -> None:
    saved(manager)
    job = check_import(job=uploaded(catalogue_manager), actor=catalogue_manager, **UNDERSTOOD)
    with pytest.raises(RefusedError, match="colleague's"):
        save_profile(job=job, actor=catalogue_manager, name="Miller")
    saved(catalogue_manager, "Own")
    saved(manager, "Own")
    assert ImportProfile.objects.get(name="Own").owner == catalogue_manager
    with pytest.raises(RefusedError):
        saved(operator)


def test_a_file_that_was_not_checked_makes_no_profile(catalogue_manager: Any) -> None:
    with pytest.raises(RefusedError, match="Check the file first"):
        save_profile(job=uploaded(catalogue_manager), actor=catalogue_manager, name="Miller")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_profile_needs_a_name(catalogue_manager: Any, name: str) -> None:
    with pytest.raises(ValidationError, match="name of up to 80"):
        saved(catalogue_manager, name)


def test_a_profile_that_is_chosen_says_how_the_file_is_read(catalogue_manager: Any) -> None:
    profile = saved(catalogue_manager)
    job = uploaded(catalogue_manager, "Ref;Titel;Preis;EAN\nA-2;Rum;3,10;1\n", profile=profile)
    assert job.options == {"decimal": ",", "mode": "create"}
    changes = header_changes(profile, job.detected["headers"])
    assert (changes.missing, changes.new, changes.sentence) == ([], ["EAN"], "The column “EAN” is new.")


def test_a_profile_of_another_kind_is_refused(catalogue_manager: Any) -> None:
    other = ImportProfile.objects.create(resource="categories", name="Tree")
    with pytest.raises(RefusedError, match="another kind"):
        choose_profile(job=uploaded(catalogue_manager), profile=other, actor=catalogue_manager)


def test_the_command_understands_a_file_as_a_profile_says(tmp_path: Path, catalogue_manager: Any) -> None:
    saved(catalogue_manager)
    path = write_csv(tmp_path / "l.csv", "Ref;Titel;Preis", "A-2;Rum;3,10")
    answer = run_import("products", path, "--profile", "miller", "--set", "status=draft", "--apply")
    assert (answer["status"], answer["create"]) == (0, 1)
    product = Product.objects.get()
    assert (product.name, product.status, str(product.price)) == ("Rum", "draft", "3.1000")
    again = run_import("products", path, "--profile", "Miller")
    assert [problem["rule"] for problem in again["problems"]] == ["known"]


def test_the_command_names_the_profiles_there_are(tmp_path: Path, catalogue_manager: Any) -> None:
    saved(catalogue_manager)
    answer = run_import("products", write_csv(tmp_path / "l.csv", "sku", "A"), "--profile", "Muller")
    assert (answer["status"], answer["stderr"].strip()) == (
        2,
        "There is no profile “Muller” for Products. There are: Miller.",
    )
    with pytest.raises(ValidationError, match="There are: none"):
        find_profile("Miller", resource="orders")


def test_two_profiles_share_neither_name_nor_folder() -> None:
    ImportProfile.objects.create(resource="products", name="Miller", folder="miller")
    for same in ({"name": "MILLER"}, {"name": "Other", "folder": "miller"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportProfile.objects.create(resource="products", **same)
    ImportProfile.objects.create(resource="orders", name="Miller")
