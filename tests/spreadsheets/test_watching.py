"""Watched folders: a file is taken once, when it is whole, as the profile of the folder says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.db.models.signals import post_save
from django.utils import timezone

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.models import ImportJob, ImportProfile, WatchedFile
from backoffice.spreadsheets.services import TELL_OWNER, take_arrivals
from backoffice.spreadsheets.tasks import WATCH
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

TERMS: dict[str, Any] = {"mapping": {"sku": "Ref", "name": "Name"}, "headers": ["Ref", "Name"]}
FILE = "Ref,Name\nA-1,Tea\n"


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """A watched folder, and a file system where things stand still at once."""
    settings.SPREADSHEET_WATCH_FOLDER = str(tmp_path)
    settings.SPREADSHEET_WATCH_SETTLE_SECONDS = 0
    path = tmp_path / "miller"
    path.mkdir()
    return path


def profile_of(owner: Any, **given: Any) -> ImportProfile:
    return ImportProfile.objects.create(
        resource="products", name="Miller", owner=owner, folder="miller", **TERMS | given
    )


def drop(folder: Path, text: str = FILE, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def look_twice() -> int:
    """Look at the folders as two runs of the schedule do: the first notes how the files are."""
    return take_arrivals() + take_arrivals()


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def mails() -> list[str]:
    """Send what waits to be sent, and return the subjects."""
    for job in Job.objects.filter(kind=TELL_OWNER, state=Job.State.QUEUED).order_by("pk"):
        run_job(job.pk)
    return [sent.subject for sent in mail.outbox]


def test_a_file_is_checked_and_waits_for_its_owner(folder: Path, catalogue_manager: Any) -> None:
    profile = profile_of(catalogue_manager)
    drop(folder)
    assert look_twice() == 1
    job = ImportJob.objects.get()
    assert (job.state, job.owner, job.profile, job.created) == ("checked", catalogue_manager, profile, 1)
    assert (files_in(folder), Product.objects.exists(), WatchedFile.objects.exists()) == (
        ["done/list.csv"],
        False,
        False,
    )
    assert mails() == ["“list.csv” waits for you"]
    assert mail.outbox[0].to == [catalogue_manager.email]
    assert f"/spreadsheets/importjob/{job.pk}/change/" in mail.outbox[0].body


def test_a_file_is_applied_where_its_profile_says_so(folder: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply")
    drop(folder)
    look_twice()
    change_set = ImportJob.objects.get(state="applied").change_set
    assert change_set is not None
    assert (change_set.actor, change_set.reason) == (catalogue_manager, "Dropped into the folder miller")
    assert (Product.objects.get().name, mails()) == ("Tea", ["“list.csv” was imported"])


def test_the_same_file_again_changes_nothing_and_is_said_so(folder: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply")
    for _time in range(2):
        drop(folder)
        look_twice()
    assert sorted(ImportJob.objects.values_list("state", flat=True)) == ["applied", "cancelled"]
    assert Product.history.count() == 1
    assert mails()[-1] == "“list.csv” changes nothing"
    assert len(files_in(folder / "done")) == 2


def test_what_is_unusual_or_refused_waits_whatever_the_profile_says(folder: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply", mapping={"sku": "Ref", "price": "Name"})
    make_product(sku="A-1", price="10.00")
    drop(folder, "Ref,Name\nA-1,90.00\n", "unusual.csv")
    drop(folder, "Ref,Name\nA-1,10.10\nA-2,x\n", "refused.csv")
    look_twice()
    assert list(ImportJob.objects.order_by("filename").values_list("state", flat=True)) == ["checked", "checked"]
    assert str(Product.objects.get().price) == "10.0000"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Code,Name\nA-1,Tea\n", "The file has no column “Ref”."), ("%PDF-1.7", "is a PDF file inside")],
)
def test_a_file_that_does_not_fit_is_moved_with_the_reason_beside_it(
    folder: Path, catalogue_manager: Any, text: str, reason: str
) -> None:
    profile_of(catalogue_manager)
    drop(folder, text)
    look_twice()
    assert files_in(folder) == ["refused/list.csv", "refused/list.csv.txt"]
    assert reason in (folder / "refused" / "list.csv.txt").read_text(encoding="utf-8")
    assert (ImportJob.objects.exists(), mails()) == (False, ["“list.csv” was not imported"])
    assert reason in mail.outbox[0].body


def test_the_rights_are_those_of_the_owner(folder: Path, viewer: Any) -> None:
    profile_of(viewer)
    drop(folder)
    look_twice()
    assert "Your role does not allow importing" in (folder / "refused" / "list.csv.txt").read_text(encoding="utf-8")


def test_without_an_owner_nothing_is_taken_over_and_the_reason_says_so(folder: Path) -> None:
    profile_of(None)
    drop(folder)
    look_twice()
    assert "has no owner" in (folder / "refused" / "list.csv.txt").read_text(encoding="utf-8")
    assert not Job.objects.filter(kind=TELL_OWNER).exists()


def test_a_file_that_grows_is_left_until_it_stays_the_same(folder: Path, catalogue_manager: Any, settings: Any) -> None:
    settings.SPREADSHEET_WATCH_SETTLE_SECONDS = 30
    profile_of(catalogue_manager)
    path = drop(folder, "Ref,Name\nA-1,")
    assert look_twice() == 0
    WatchedFile.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    drop(folder)
    assert look_twice() == 0
    WatchedFile.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    assert (take_arrivals(), path.exists()) == (1, False)


def test_what_programs_have_not_finished_and_links_are_no_arrivals(
    folder: Path, tmp_path: Path, catalogue_manager: Any
) -> None:
    profile_of(catalogue_manager)
    for name in (".list.csv", "~$list.xlsx", "list.csv.part", "list.csv.tmp"):
        drop(folder, name=name)
    drop(tmp_path, name="secret.csv")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert look_twice() == 0
    assert not WatchedFile.objects.exists()


def test_a_file_that_was_taken_and_not_moved_is_moved_and_not_taken_again(folder: Path, catalogue_manager: Any) -> None:
    """As when the process is killed between the two: the import is there, and the file too."""
    profile_of(catalogue_manager, arrival="apply")
    path = drop(folder)

    @contextmanager
    def killed_after() -> Iterator[None]:
        with transaction.atomic():
            yield
        if ImportJob.objects.exists():
            raise KeyboardInterrupt

    take_arrivals()
    with pytest.raises(KeyboardInterrupt):
        take_arrivals(effect=killed_after)
    assert (path.exists(), ImportJob.objects.count()) == (True, 1)
    assert take_arrivals() == 1
    assert (path.exists(), ImportJob.objects.count(), Product.objects.count()) == (False, 1, 1)


def test_a_file_that_is_written_while_it_is_read_is_left(
    folder: Path, tmp_path: Path, catalogue_manager: Any, settings: Any
) -> None:
    """Somebody goes on writing just when the file seemed whole: what was read of it is thrown away."""
    settings.MEDIA_ROOT = tmp_path / "media"
    profile_of(catalogue_manager, arrival="apply")
    path = drop(folder)

    def go_on_writing(**_said: Any) -> None:
        path.write_text(FILE + "A-2,Rum\n", encoding="utf-8")

    take_arrivals()
    post_save.connect(go_on_writing, sender=ImportJob)
    try:
        assert take_arrivals() == 0
    finally:
        post_save.disconnect(go_on_writing, sender=ImportJob)
    assert (path.exists(), ImportJob.objects.exists(), Product.objects.exists()) == (True, False, False)
    assert [each for each in (tmp_path / "media").rglob("*") if each.is_file()] == []
    assert look_twice() == 1
    assert Product.objects.count() == 2


def test_the_schedule_looks_at_the_folders(folder: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    drop(folder)
    take_arrivals()
    job = enqueue_job(kind=WATCH)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"files": 1})


def test_where_no_folder_is_named_nothing_is_watched(folder: Path, catalogue_manager: Any, settings: Any) -> None:
    settings.SPREADSHEET_WATCH_FOLDER = ""
    profile_of(catalogue_manager)
    drop(folder)
    assert look_twice() == 0
    assert files_in(folder) == ["list.csv"]


def test_a_file_that_cannot_be_moved_holds_up_no_other(folder: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    other = folder.parent / "other"
    other.mkdir()
    ImportProfile.objects.create(resource="products", name="Other", owner=catalogue_manager, folder="other", **TERMS)
    (folder / "done").symlink_to(folder / "nowhere")
    drop(folder, name="a.csv")
    drop(other, name="b.csv")
    take_arrivals()
    told: list[str] = []
    assert take_arrivals(report=told.append) == 1
    assert [files_in(folder), files_in(other)] == [["a.csv"], ["done/b.csv"]]
    assert told == [f"“{folder / 'a.csv'}” cannot be taken and moved. The log says why."]


def test_a_name_that_is_no_text_is_left(folder: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.csv"))).write_text(FILE, encoding="utf-8")
    assert look_twice() == 0
