"""Imports as the pages work them: upload, check, confirm, discard."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import connection

from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import RefusedError
from backoffice.spreadsheets.engine import ImportConflict
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.services import (
    check_import,
    confirm_import,
    discard_import,
    sweep_imports,
    upload_file,
)
from backoffice.spreadsheets.staging import stage_tables
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings: LazySettings, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(actor: Any, *lines: str, resource: str = "products") -> ImportJob:
    file = ContentFile("\n".join(lines).encode(), name="list.csv")
    return upload_file(resource=resource, file=file, filename="list.csv", actor=actor, reason="autumn list")


def checked(actor: Any, *lines: str, **mapping: Any) -> ImportJob:
    return check_import(job=upload(actor, *lines), actor=actor, **mapping)


def test_an_upload_keeps_file_checksum_and_owner(catalogue_manager: Any) -> None:
    job = upload(catalogue_manager, "sku,name", "A1,Apple")
    assert (job.state, job.owner, len(job.sha256), job.size) == ("uploaded", catalogue_manager, 64, 17)
    with job.file.open() as kept:
        assert kept.read() == b"sku,name\nA1,Apple"
    assert job.detected["headers"] == ["sku", "name"]


def test_a_file_that_cannot_be_read_is_not_kept(catalogue_manager: Any, tmp_path: Any) -> None:
    with pytest.raises(ValidationError):
        upload(catalogue_manager, "%PDF-1.7")
    assert not ImportJob.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_who_may_not_import_may_not_upload(viewer: Any) -> None:
    with pytest.raises(RefusedError, match="does not allow importing Products"):
        upload(viewer, "sku", "A1")


def test_a_check_keeps_counts_and_samples_and_writes_nothing(catalogue_manager: Any) -> None:
    make_product(sku="A1", name="Apple")
    job = checked(catalogue_manager, "sku,name", "A1,Pear", "B2,Fig")
    assert (job.state, job.created, job.updated, job.refused) == ("checked", 1, 1, 0)
    assert job.samples[0] == {"row": 2, "key": "A1", "action": "update", "changes": {"name": ["Apple", "Pear"]}}
    assert Product.objects.get().name == "Apple"


def test_a_check_may_be_repeated_with_another_mapping(catalogue_manager: Any) -> None:
    job = checked(catalogue_manager, "sku,Title", "A1,Pear")
    job = check_import(job=job, actor=catalogue_manager, mapped={"name": "Title"})
    assert (job.mapping, job.created) == ({"sku": "sku", "name": "Title"}, 1)


def test_a_column_left_out_at_the_check_stays_out(catalogue_manager: Any) -> None:
    make_product(sku="A1", name="Apple")
    job = checked(catalogue_manager, "sku,name,barcode", "A1,Pear,400", mapped={"name": ""})
    confirm_import(job=job, actor=catalogue_manager)
    assert list(Product.objects.values_list("name", "barcode")) == [("Apple", "400")]


def test_confirming_writes_what_was_shown(catalogue_manager: Any) -> None:
    job = confirm_import(job=checked(catalogue_manager, "sku,name", "A1,Pear"), actor=catalogue_manager)
    made = ChangeSet.objects.get(pk=job.change_set_id)
    assert (job.state, Product.objects.get().name) == ("applied", "Pear")
    assert (made.kind, made.actor, made.source, made.reason) == ("import", catalogue_manager, "list.csv", "autumn list")
    assert stage_tables() == []


def test_a_row_changed_since_the_check_is_a_conflict(catalogue_manager: Any) -> None:
    product = make_product(sku="A1", name="Apple")
    job = checked(catalogue_manager, "sku,name", "A1,Pear", "B2,Fig")
    Product.objects.filter(pk=product.pk).update(name="Plum")
    with pytest.raises(ImportConflict, match="“A1” was changed after the check"):
        confirm_import(job=job, actor=catalogue_manager)
    assert list(Product.objects.values_list("name", flat=True)) == ["Plum"]


def test_a_row_created_since_the_check_is_a_conflict(catalogue_manager: Any) -> None:
    job = checked(catalogue_manager, "sku,name", "A1,Pear")
    make_product(sku="a1")
    with pytest.raises(ImportConflict, match="“A1” was changed after the check"):
        confirm_import(job=job, actor=catalogue_manager)


def test_a_change_elsewhere_in_the_row_is_no_conflict(catalogue_manager: Any) -> None:
    product = make_product(sku="A1", name="Apple")
    job = checked(catalogue_manager, "sku,name", "A1,Pear")
    Product.objects.filter(pk=product.pk).update(barcode="400")
    confirm_import(job=job, actor=catalogue_manager)
    product.refresh_from_db()
    assert (product.name, product.barcode) == ("Pear", "400")


def test_refused_rows_need_a_decision(catalogue_manager: Any) -> None:
    job = checked(catalogue_manager, "sku,price", "A1,1", "B2,x")
    with pytest.raises(RefusedError, match="apply the good rows only"):
        confirm_import(job=job, actor=catalogue_manager)
    assert confirm_import(job=job, actor=catalogue_manager, only_valid=True).state == "applied"
    assert Product.objects.get().sku == "A1"


def test_an_import_is_applied_once(catalogue_manager: Any) -> None:
    job = confirm_import(job=checked(catalogue_manager, "sku", "A1"), actor=catalogue_manager)
    with pytest.raises(RefusedError, match="It was applied already"):
        confirm_import(job=job, actor=catalogue_manager)


def test_nobody_works_on_an_import_of_a_colleague(catalogue_manager: Any, operator: Any) -> None:
    job = upload(catalogue_manager, "sku", "A1")
    with pytest.raises(RefusedError, match="a colleague's"):
        check_import(job=job, actor=operator)


def test_a_manager_may_confirm_for_a_colleague(catalogue_manager: Any, manager: Any) -> None:
    job = checked(catalogue_manager, "sku", "A1")
    assert confirm_import(job=job, actor=manager).state == "applied"


def test_discarding_drops_what_was_staged(catalogue_manager: Any) -> None:
    job = discard_import(job=checked(catalogue_manager, "sku", "A1"), actor=catalogue_manager)
    assert (job.state, stage_tables()) == ("cancelled", [])


def test_what_a_crash_of_the_database_emptied_is_checked_again(catalogue_manager: Any) -> None:
    job = checked(catalogue_manager, "sku", "A1")
    with connection.cursor() as cursor:
        cursor.execute(f'TRUNCATE spreadsheets_staging."{job.token}_rows"')
    with pytest.raises(ValidationError, match="Check the file again"):
        confirm_import(job=job, actor=catalogue_manager)


def test_leftovers_of_forgotten_imports_are_swept(catalogue_manager: Any) -> None:
    job = checked(catalogue_manager, "sku", "A1")
    ImportJob.objects.filter(pk=job.pk).update(created_at="2020-01-01T00:00Z")
    assert sweep_imports() == 1
    job.refresh_from_db()
    assert (job.state, stage_tables()) == ("cancelled", [])
