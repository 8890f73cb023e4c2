"""Watched folders: a file is taken once, when it is whole, as the profile of the folder says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.signals import post_save
from django.utils import timezone

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.models import ImportJob, ImportProfile, WatchedFile
from backoffice.spreadsheets.places import Folder as LocalFolder
from backoffice.spreadsheets.places import State, place
from backoffice.spreadsheets.readers import UnreadableFile
from backoffice.spreadsheets.services import TELL_OWNER, take_arrivals
from backoffice.spreadsheets.services.watching import import_arrival
from backoffice.spreadsheets.tasks import WATCH
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

TERMS: dict[str, Any] = {"mapping": {"sku": "Ref", "name": "Name"}, "headers": ["Ref", "Name"]}
FILE = "Ref,Name\nA-1,Tea\n"


class Folder:
    """The watched folder `miller` of a place, as those see it who drop files there."""

    def __init__(self, address: str) -> None:
        self.place = place(address)

    def drop(self, text: str = FILE, name: str = "list.csv") -> None:
        self.place.delete(f"miller/{name}")
        self.place.save(f"miller/{name}", ContentFile(text.encode()))

    def files(self, folder: str = "miller") -> list[str]:
        """Return the names of all files below a folder."""
        if isinstance(self.place, LocalFolder) and not self.place.exists(folder):
            return []
        folders, files = self.place.listdir(folder)
        below = [f"{each}/{name}" for each in folders for name in self.files(f"{folder}/{each}")]
        return sorted([*files, *below])

    def text(self, name: str) -> str:
        with self.place.open(f"miller/{name}") as file:
            return bytes(file.read()).decode()


@pytest.fixture
def folder(place_address: str, settings: Any) -> Folder:
    """A watched folder, in a place where things stand still at once."""
    settings.SPREADSHEET_WATCH_FOLDER = place_address
    settings.SPREADSHEET_WATCH_SETTLE_SECONDS = 0
    return Folder(place_address)


@pytest.fixture
def local(tmp_path: Path, settings: Any) -> Path:
    """The same on this machine's disk, where there is more than files with names."""
    settings.SPREADSHEET_WATCH_FOLDER = str(tmp_path)
    settings.SPREADSHEET_WATCH_SETTLE_SECONDS = 0
    path = tmp_path / "miller"
    path.mkdir()
    return path


def profile_of(owner: Any, **given: Any) -> ImportProfile:
    return ImportProfile.objects.create(
        resource="products", name="Miller", owner=owner, folder="miller", **TERMS | given
    )


def look_twice() -> int:
    """Look at the folders as two runs of the schedule do: the first notes how the files are."""
    return take_arrivals() + take_arrivals()


def mails() -> list[str]:
    """Send what waits to be sent, and return the subjects."""
    for job in Job.objects.filter(kind=TELL_OWNER, state=Job.State.QUEUED).order_by("pk"):
        run_job(job.pk)
    return [sent.subject for sent in mail.outbox]


def test_a_file_is_checked_and_waits_for_its_owner(folder: Folder, catalogue_manager: Any) -> None:
    profile = profile_of(catalogue_manager)
    folder.drop()
    assert look_twice() == 1
    job = ImportJob.objects.get()
    assert (job.state, job.owner, job.profile, job.created) == ("checked", catalogue_manager, profile, 1)
    assert (job.source, job.reason) == ("folder", "Dropped into the folder miller")
    assert (folder.files(), Product.objects.exists(), WatchedFile.objects.exists()) == (
        ["done/list.csv"],
        False,
        False,
    )
    assert mails() == ["“list.csv” waits for you"]
    assert mail.outbox[0].to == [catalogue_manager.email]
    assert f"/spreadsheets/importjob/{job.pk}/change/" in mail.outbox[0].body


def test_a_file_is_applied_where_its_profile_says_so(folder: Folder, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply")
    folder.drop()
    look_twice()
    change_set = ImportJob.objects.get(state="applied").change_set
    assert change_set is not None
    assert (change_set.actor, change_set.reason) == (catalogue_manager, "Dropped into the folder miller")
    assert (Product.objects.get().name, mails()) == ("Tea", ["“list.csv” was imported"])


def test_the_same_file_again_changes_nothing_and_is_said_so(folder: Folder, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply")
    for _time in range(2):
        folder.drop()
        look_twice()
    assert sorted(ImportJob.objects.values_list("state", flat=True)) == ["applied", "cancelled"]
    assert Product.history.count() == 1
    assert mails()[-1] == "“list.csv” changes nothing"
    assert len(folder.files()) == 2


def test_what_is_unusual_or_refused_waits_whatever_the_profile_says(folder: Folder, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply", mapping={"sku": "Ref", "price": "Name"})
    make_product(sku="A-1", price="10.00")
    folder.drop("Ref,Name\nA-1,90.00\n", "unusual.csv")
    folder.drop("Ref,Name\nA-1,10.10\nA-2,x\n", "refused.csv")
    look_twice()
    assert list(ImportJob.objects.order_by("filename").values_list("state", flat=True)) == ["checked", "checked"]
    assert str(Product.objects.get().price) == "10.0000"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Code,Name\nA-1,Tea\n", "The file has no column “Ref”."), ("%PDF-1.7", "is no spreadsheet, but PDF inside")],
)
def test_a_file_that_does_not_fit_is_moved_with_the_reason_beside_it(
    folder: Folder, catalogue_manager: Any, text: str, reason: str
) -> None:
    profile_of(catalogue_manager)
    folder.drop(text)
    look_twice()
    assert folder.files() == ["refused/list.csv", "refused/list.csv.txt"]
    assert reason in folder.text("refused/list.csv.txt")
    assert (ImportJob.objects.exists(), mails()) == (False, ["“list.csv” was not imported"])
    assert reason in mail.outbox[0].body


def test_the_rights_are_those_of_the_owner(folder: Folder, viewer: Any) -> None:
    profile_of(viewer)
    folder.drop()
    look_twice()
    assert "Your role does not allow importing" in folder.text("refused/list.csv.txt")


def test_without_an_owner_nothing_is_taken_over_and_the_reason_says_so(folder: Folder) -> None:
    profile_of(None)
    folder.drop()
    look_twice()
    assert "has no owner" in folder.text("refused/list.csv.txt")
    assert not Job.objects.filter(kind=TELL_OWNER).exists()


def test_a_file_that_grows_is_left_until_it_stays_the_same(
    folder: Folder, catalogue_manager: Any, settings: Any
) -> None:
    settings.SPREADSHEET_WATCH_SETTLE_SECONDS = 30
    profile_of(catalogue_manager)
    folder.drop("Ref,Name\nA-1,")
    assert look_twice() == 0
    WatchedFile.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    folder.drop()
    assert look_twice() == 0
    WatchedFile.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    assert (take_arrivals(), folder.files()) == (1, ["done/list.csv"])


def test_what_programs_have_not_finished_is_no_arrival(folder: Folder, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    for name in (".list.csv", "~$list.xlsx", "list.csv.part", "list.csv.tmp", "done/list.csv"):
        folder.drop(name=name)
    assert look_twice() == 0
    assert not WatchedFile.objects.exists()


def test_links_are_no_arrivals(local: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    secret = local.parent / "secret.csv"
    secret.write_text(FILE, encoding="utf-8")
    (local / "link.csv").symlink_to(secret)
    assert look_twice() == 0
    assert not WatchedFile.objects.exists()


@contextmanager
def killed_after_taking() -> Iterator[None]:
    """Do what is inside in a transaction, and die once a file is taken."""
    with transaction.atomic():
        yield
    if WatchedFile.objects.exclude(target="").exists():
        raise KeyboardInterrupt


def test_a_file_that_was_taken_and_not_moved_is_moved_and_not_taken_again(
    folder: Folder, catalogue_manager: Any
) -> None:
    """As when the process is killed between the two: the import is there, and the file too."""
    profile_of(catalogue_manager, arrival="apply")
    folder.drop()
    take_arrivals()
    with pytest.raises(KeyboardInterrupt):
        take_arrivals(effect=killed_after_taking)
    assert (folder.files(), ImportJob.objects.count()) == (["list.csv"], 1)
    assert take_arrivals() == 1
    assert (folder.files(), ImportJob.objects.count(), Product.objects.count()) == (["done/list.csv"], 1, 1)


@pytest.mark.parametrize("text", [FILE, "%PDF-1.7"])
def test_a_file_that_was_half_moved_is_moved_to_the_same_place(
    folder: Folder, catalogue_manager: Any, text: str
) -> None:
    """As when the process is killed where a bucket has copied it, and not deleted it yet."""
    profile_of(catalogue_manager)
    folder.drop(text)
    take_arrivals()
    with pytest.raises(KeyboardInterrupt):
        take_arrivals(effect=killed_after_taking)
    watched = WatchedFile.objects.get()
    for target in (watched.target, *([f"{watched.target}.txt"] if watched.refusal else [])):
        folder.place.save(target, ContentFile(b"half of it"))
    assert take_arrivals() == 1
    kept = ["refused/list.csv", "refused/list.csv.txt"] if watched.refusal else ["done/list.csv"]
    assert (folder.files(), folder.text(kept[0])) == (kept, text)
    assert not WatchedFile.objects.exists()


def test_a_file_that_was_moved_and_not_forgotten_is_taken_when_it_comes_again(
    folder: Folder, catalogue_manager: Any
) -> None:
    profile_of(catalogue_manager, arrival="apply")
    folder.drop()
    take_arrivals()
    with pytest.raises(KeyboardInterrupt):
        take_arrivals(effect=killed_after_taking)
    folder.place.delete("miller/list.csv")
    folder.drop("Ref,Name\nA-2,Rum\n")
    assert look_twice() == 1
    assert Product.objects.count() == 2


def test_a_file_that_is_written_while_it_is_read_is_left(
    folder: Folder, tmp_path: Path, catalogue_manager: Any, settings: Any
) -> None:
    """Somebody goes on writing just when the file seemed whole: what was read of it is thrown away."""
    settings.MEDIA_ROOT = tmp_path / "media"
    profile_of(catalogue_manager, arrival="apply")
    folder.drop()

    def go_on_writing(**_said: Any) -> None:
        folder.drop(FILE + "A-2,Rum\n")

    take_arrivals()
    post_save.connect(go_on_writing, sender=ImportJob)
    try:
        assert take_arrivals() == 0
    finally:
        post_save.disconnect(go_on_writing, sender=ImportJob)
    assert (folder.files(), ImportJob.objects.exists(), Product.objects.exists()) == (["list.csv"], False, False)
    assert [each for each in (tmp_path / "media").rglob("*") if each.is_file()] == []
    assert look_twice() == 1
    assert Product.objects.count() == 2


def test_a_file_that_is_too_large_is_refused(folder: Folder, catalogue_manager: Any, settings: Any) -> None:
    settings.SPREADSHEET_LIMITS = settings.SPREADSHEET_LIMITS | {"bytes": 10}
    profile_of(catalogue_manager)
    folder.drop()
    look_twice()
    assert "Split it into smaller files." in folder.text("refused/list.csv.txt")


def test_a_file_that_is_too_large_is_not_fetched(local: Path, catalogue_manager: Any, settings: Any) -> None:
    class FarAway(LocalFolder):
        def fetched(self, name: str, state: State) -> Any:
            raise AssertionError

    settings.SPREADSHEET_LIMITS = settings.SPREADSHEET_LIMITS | {"bytes": 10}
    with pytest.raises(UnreadableFile, match="Split it into smaller files"):
        import_arrival(FarAway(location=local), profile_of(catalogue_manager), "miller/list.csv", State(11, ""))


def test_the_schedule_looks_at_the_folders(folder: Folder, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    folder.drop()
    take_arrivals()
    job = enqueue_job(kind=WATCH)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"files": 1, "mail": 0})


def test_where_no_folder_is_named_nothing_is_watched(folder: Folder, catalogue_manager: Any, settings: Any) -> None:
    settings.SPREADSHEET_WATCH_FOLDER = ""
    profile_of(catalogue_manager)
    folder.drop()
    assert look_twice() == 0
    assert folder.files() == ["list.csv"]


def test_a_file_that_cannot_be_moved_holds_up_no_other(local: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    other = Folder(str(local.parent))
    ImportProfile.objects.create(resource="products", name="Other", owner=catalogue_manager, folder="other", **TERMS)
    (local / "done").symlink_to(local / "nowhere")
    (local / "a.csv").write_text(FILE, encoding="utf-8")
    other.place.save("other/b.csv", ContentFile(FILE.encode()))
    take_arrivals()
    told: list[str] = []
    assert take_arrivals(report=told.append) == 1
    assert ((local / "a.csv").exists(), other.files("other")) == (True, ["done/b.csv"])
    assert told == [f"“{local / 'a.csv'}” cannot be taken and moved. The log says why."]


def test_a_folder_that_cannot_be_looked_at_holds_up_no_other(local: Path, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    (local / "a.csv").write_text(FILE, encoding="utf-8")
    ImportProfile.objects.create(resource="products", name="File", owner=catalogue_manager, folder="file", **TERMS)
    (local.parent / "file").write_text("no folder", encoding="utf-8")
    told: list[str] = []
    assert take_arrivals() + take_arrivals(report=told.append) == 1
    assert told == [f"“{local.parent / 'file'}” cannot be looked at. The log says why."]


def test_a_bucket_that_is_away_is_reported_without_its_secrets(
    catalogue_manager: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SPREADSHEET_WATCH_FOLDER = "s3://desk:sEcret@127.0.0.1:1/bucket?secure=no"
    profile_of(catalogue_manager)
    told: list[str] = []
    assert take_arrivals(report=told.append) == 0
    assert told == ["“s3://127.0.0.1:1/bucket/miller” cannot be looked at. The log says why."]
    assert "sEcret" not in caplog.text


@pytest.mark.parametrize("name", [b"\xff.csv", b"a\\b.csv"])
def test_a_name_that_programs_cannot_use_is_left(local: Path, catalogue_manager: Any, name: bytes) -> None:
    profile_of(catalogue_manager)
    Path(os.fsdecode(os.fsencode(local) + b"/" + name)).write_text(FILE, encoding="utf-8")
    assert look_twice() == 0
