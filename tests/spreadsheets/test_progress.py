"""Imports tell how far they are, and stop where somebody asks them to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile

from backoffice.changes.models import ChangeSet
from backoffice.jobs.context import JobCancelled, JobContext
from backoffice.jobs.services import claim_job
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.services import check_import, confirm_import, upload_file
from backoffice.spreadsheets.tasks import APPLY, CHECK, check_in_background, confirm_in_background, request_work
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

FIVE = ("sku,name", "A1,Apple", "A2,Pear", "A3,Fig", "A4,Plum", "A5,Lime")


@pytest.fixture(autouse=True)
def own_files(settings: LazySettings, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def two_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.spreadsheets.merging.ROWS_A_BATCH", 2)


@pytest.fixture(name="told")
def told_so_far() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture
def watch(told: list[tuple[str, int, int]]) -> Callable[..., None]:
    return lambda *progress: told.append(progress)


def upload(actor: Any, *lines: str, resource: str = "products") -> ImportJob:
    file = ContentFile("\n".join(lines).encode(), name="list.csv")
    return upload_file(resource=resource, file=file, filename="list.csv", actor=actor)


def written(told: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return list(dict.fromkeys(progress for progress in told if progress[1]))


def test_a_check_tells_how_much_of_the_file_is_read(catalogue_manager: Any, told: Any, watch: Any) -> None:
    check_import(job=upload(catalogue_manager, *FIVE), actor=catalogue_manager, watch=watch)

    assert [phase for phase, _done, _total in told] == ["Reading the file", "Comparing with what is here"]
    assert told[0][1] == 5


@pytest.mark.usefixtures("two_a_batch")
def test_new_rows_are_told_batch_by_batch_and_keep_their_order(catalogue_manager: Any, told: Any, watch: Any) -> None:
    job = check_import(job=upload(catalogue_manager, *FIVE), actor=catalogue_manager)

    confirm_import(job=job, actor=catalogue_manager, watch=watch)

    assert [phase for phase, done, _total in told if not done] == ["Comparing with what is here", "Writing"]
    assert written(told) == [("Writing", n, 5) for n in (2, 4, 5)]
    assert list(Product.objects.order_by("pk").values_list("sku", flat=True)) == ["A1", "A2", "A3", "A4", "A5"]


@pytest.mark.usefixtures("two_a_batch")
def test_changed_rows_are_told_batch_by_batch(catalogue_manager: Any, told: Any, watch: Any) -> None:
    for line in FIVE[1:]:
        make_product(sku=line.partition(",")[0], name="Fruit")
    job = check_import(job=upload(catalogue_manager, *FIVE), actor=catalogue_manager)

    job = confirm_import(job=job, actor=catalogue_manager, accepted=True, watch=watch)

    assert written(told) == [("Writing", n, 5) for n in (2, 4, 5)]
    assert job.change_set is not None
    assert job.change_set.counts == {"catalog.product": {"~": 5}}


@pytest.mark.usefixtures("two_a_batch")
def test_rows_that_triggers_follow_are_written_at_once(manager: Any, told: Any, watch: Any) -> None:
    make_product(sku="A1")
    lines = ["sku,quantity,reference", *(f"A1,{n},D{n}" for n in range(1, 6))]
    job = check_import(job=upload(manager, *lines, resource="stock-receipt"), actor=manager)

    job = confirm_import(job=job, actor=manager, accepted=True, watch=watch)

    assert job.change_set is not None
    assert job.change_set.counts["catalog.product"] == {"~": 1}
    assert told[-1] == ("Writing", 5, 5)


@pytest.mark.usefixtures("two_a_batch")
def test_stopped_in_the_middle_it_leaves_nothing_and_can_be_applied_later(catalogue_manager: Any) -> None:
    job = check_import(job=upload(catalogue_manager, *FIVE), actor=catalogue_manager)
    before = ChangeSet.objects.count()

    def stop_half_way(_phase: str, done: int, _total: int) -> None:
        if done:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        confirm_import(job=job, actor=catalogue_manager, watch=stop_half_way)

    assert (Product.objects.count(), ChangeSet.objects.count()) == (0, before)
    assert confirm_import(job=job, actor=catalogue_manager).state == "applied"
    assert Product.objects.count() == 5


@pytest.mark.parametrize(("kind", "body"), [(CHECK, check_in_background), (APPLY, confirm_in_background)])
def test_the_job_of_an_import_stops_on_request(kind: str, body: Callable[..., Any], catalogue_manager: Any) -> None:
    job = check_import(job=upload(catalogue_manager, *FIVE), actor=catalogue_manager)
    held = claim_job(job_id=request_work(kind, import_job=job, actor=catalogue_manager).pk)
    assert held is not None
    context = JobContext(held)
    context.stop_wanted = True

    with pytest.raises(JobCancelled):
        body(context, **held.args)

    job.refresh_from_db()
    assert (job.state, Product.objects.count()) == ("checked", 0)
    assert context.phase
