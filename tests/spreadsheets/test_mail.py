"""Spreadsheets that come by mail: each is taken once, as the profile says that names its sender."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.models import ImportJob, ImportProfile, MailedFile
from backoffice.spreadsheets.services import TELL_OWNER, take_mail
from backoffice.spreadsheets.tasks import WATCH
from catalog.models import Product
from tests.constraints import refused_by
from tests.factories import make_product
from tests.mailboxes import FILE, Mailbox, letter

pytestmark = pytest.mark.django_db

TERMS: dict[str, Any] = {"mapping": {"sku": "Ref", "name": "Name"}, "headers": ["Ref", "Name"]}
VOUCHED = "mx.example.com; spf=pass smtp.mailfrom=miller.example; dmarc=pass (p=reject) header.from=miller.example"


def profile_of(owner: Any, **given: Any) -> ImportProfile:
    fields = {"name": "Miller", "mail_from": "buyer@miller.example", **TERMS}
    return ImportProfile.objects.create(resource="products", owner=owner, **fields | given)


def mails() -> list[str]:
    """Send what waits to be sent, and return the subjects."""
    for job in Job.objects.filter(kind=TELL_OWNER, state=Job.State.QUEUED).order_by("pk"):
        run_job(job.pk)
    return [sent.subject for sent in mail.outbox]


def verified(mailbox: Mailbox, settings: Any) -> None:
    settings.SPREADSHEET_MAILBOX = f"{mailbox.address}&verified-by=mx.example.com"


def test_a_spreadsheet_is_checked_and_waits_for_its_owner(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile = profile_of(catalogue_manager)
    mailbox.send(("Preisliste Öl.csv", FILE), ("logo.png", b"\x89PNG"))
    assert take_mail() == 1
    job = ImportJob.objects.get()
    assert (job.state, job.owner, job.profile, job.created) == ("checked", catalogue_manager, profile, 1)
    assert (job.source, job.reason) == ("mail", "Sent by buyer@miller.example: Price list")
    assert (mailbox.subjects(), mailbox.subjects("done")) == ([], ["Price list"])
    assert mails() == ["“Preisliste Öl.csv” waits for you"]
    assert mail.outbox[0].to == [catalogue_manager.email]
    assert f"/spreadsheets/importjob/{job.pk}/change/" in mail.outbox[0].body


def test_all_spreadsheets_of_a_message_are_taken(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send(("a.csv", FILE), ("B.CSV", b"Ref,Name\nA-2,Rum\n"))
    assert (take_mail(), ImportJob.objects.count()) == (2, 2)


def test_what_nobody_vouches_for_waits_whatever_the_profile_says(
    mailbox: Mailbox, catalogue_manager: Any, settings: Any
) -> None:
    profile_of(catalogue_manager, arrival="apply")
    verified(mailbox, settings)
    mailbox.send()
    take_mail()
    assert (ImportJob.objects.get().state, Product.objects.exists()) == ("checked", False)
    assert mails() == ["“list.csv” waits for you"]
    assert "nobody vouches for its sender" in mail.outbox[0].body


def test_what_the_server_has_verified_is_applied_by_rule(
    mailbox: Mailbox, catalogue_manager: Any, settings: Any
) -> None:
    profile_of(catalogue_manager, arrival="apply")
    verified(mailbox, settings)
    mailbox.send(head={"Authentication-Results": VOUCHED})
    take_mail()
    assert (ImportJob.objects.get().state, Product.objects.get().name) == ("applied", "Tea")
    assert mails() == ["“list.csv” was imported"]


def test_no_server_is_believed_that_the_address_does_not_name(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager, arrival="apply")
    mailbox.send(head={"Authentication-Results": VOUCHED})
    take_mail()
    assert not Product.objects.exists()


def test_what_is_unusual_waits_though_its_sender_is_verified(
    mailbox: Mailbox, catalogue_manager: Any, settings: Any
) -> None:
    profile_of(catalogue_manager, arrival="apply", mapping={"sku": "Ref", "price": "Name"})
    verified(mailbox, settings)
    make_product(sku="A-1", price="10.00")
    mailbox.send(("list.csv", b"Ref,Name\nA-1,90.00\n"), head={"Authentication-Results": VOUCHED})
    take_mail()
    assert (ImportJob.objects.get().state, str(Product.objects.get().price)) == ("checked", "10.0000")


def test_a_file_that_does_not_fit_is_refused_and_the_owner_told_why(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send(("good.csv", FILE), ("bad.csv", b"Code,Name\nA-1,Tea\n"))
    take_mail()
    assert (mailbox.subjects(), mailbox.subjects("refused")) == ([], ["Price list"])
    assert (ImportJob.objects.count(), sorted(mails())) == (
        1,
        ["“bad.csv” was not imported", "“good.csv” waits for you"],
    )
    told = next(sent.body for sent in mail.outbox if "bad.csv" in sent.subject)
    assert "The file has no column “Ref”." in told
    assert f"in the folder {mailbox.name}-refused of the mailbox" in told


def test_the_rights_are_those_of_the_owner(mailbox: Mailbox, viewer: Any) -> None:
    profile_of(viewer)
    mailbox.send()
    take_mail()
    assert "Your role does not allow importing" in MailedFile.objects.get().refusal


def test_without_an_owner_nothing_is_taken_over(mailbox: Mailbox) -> None:
    profile_of(None)
    mailbox.send()
    take_mail()
    assert "has no owner" in MailedFile.objects.get().refusal
    assert (mailbox.subjects("refused"), ImportJob.objects.exists()) == (["Price list"], False)


def cut_short() -> bytes:
    whole = letter(("list.csv", b"Ref,Name\n" + b"A-1,Tea\n" * 200), head={}).as_bytes()
    return whole[: len(whole) * 2 // 3]


def wrongly_packed() -> bytes:
    return letter(("list.csv", FILE), head={}).as_bytes().replace(b"UmVmLE5h", b"UmVmL")


@pytest.mark.parametrize("broken", [cut_short, wrongly_packed])
def test_a_damaged_message_is_refused(mailbox: Mailbox, catalogue_manager: Any, broken: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.deliver(broken())
    take_mail()
    assert (mailbox.subjects("refused"), ImportJob.objects.exists()) == (["Price list"], False)
    assert mails() == ["“Price list” was not imported"]
    assert "The message is damaged" in mail.outbox[0].body


def test_a_message_without_a_spreadsheet_is_refused(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send(("list.pdf", b"%PDF-1.7"))
    assert (take_mail(), mailbox.subjects("refused")) == (0, ["Price list"])
    assert "No spreadsheet is attached" in MailedFile.objects.get().refusal


def test_a_message_that_is_too_large_is_refused_and_not_fetched(
    mailbox: Mailbox, catalogue_manager: Any, settings: Any
) -> None:
    settings.SPREADSHEET_MAIL_BYTES = 2 * 1024**2
    profile_of(catalogue_manager)
    mailbox.send(("list.csv", b"Ref,Name\n" + b"A-1,Tea\n" * 300_000))
    take_mail()
    assert "larger than the 2 MB" in MailedFile.objects.get().refusal


def test_what_no_profile_wants_is_left_with_a_star_and_told_once(
    mailbox: Mailbox, catalogue_manager: Any, administrator: Any
) -> None:
    profile_of(catalogue_manager, mail_subject="stock")
    mailbox.send(head={"Subject": "Lunch?", "From": "friend@example.org"})
    mailbox.send(head={"Subject": "Holidays"})
    mailbox.deliver(letter(head={"Subject": "Spam", "From": "spam@example.org"}))
    assert (take_mail(), take_mail()) == (0, 0)
    assert sorted(mailbox.subjects()) == ["*Holidays", "*Lunch?", "*Spam"]
    assert mails() == ["Spreadsheets in the mailbox that nobody takes"]
    [told] = mail.outbox
    assert told.to == [administrator.email]
    assert "- “Lunch?” from friend@example.org: no import profile names its sender" in told.body
    assert (
        "- “Holidays” from buyer@miller.example: no import profile takes mail of this subject from there" in told.body
    )
    assert "Spam" not in told.body


def test_the_word_of_the_subject_tells_profiles_of_one_sender_apart(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    stock = profile_of(catalogue_manager, name="Stock", mail_from="@miller.example", mail_subject="STOCK")
    mailbox.send(head={"Subject": "Our stock today"})
    take_mail()
    assert ImportJob.objects.get().profile == stock


def test_a_message_that_two_profiles_take_is_left(mailbox: Mailbox, catalogue_manager: Any, administrator: Any) -> None:
    profile_of(catalogue_manager)
    profile_of(catalogue_manager, name="Other", mail_from="@miller.example")
    mailbox.send()
    assert (take_mail(), mailbox.subjects()) == (0, ["*Price list"])
    mails()
    assert "more than one import profile takes it: “Miller”, “Other”" in mail.outbox[0].body


def test_mail_that_somebody_has_read_is_left(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send()
    with mailbox.client(mailbox.name) as client:
        list(client.fetch())
    assert (take_mail(), mailbox.subjects()) == (0, ["Price list"])


@pytest.mark.parametrize(
    "sender", ["buyer@miller.example, other@example.org", "", "buyer@miller.example <x@example.org>", "x@example.org"]
)
def test_a_message_that_names_another_sender_or_several_is_not_taken(
    mailbox: Mailbox, catalogue_manager: Any, sender: str
) -> None:
    profile_of(catalogue_manager)
    message = letter(("list.csv", FILE), head={"From": ""}).as_bytes()
    mailbox.deliver(f"From: {sender}\n".encode() + message)
    assert (take_mail(), mailbox.subjects()) == (0, ["*Price list"])


@contextmanager
def killed_after_taking() -> Iterator[None]:
    """Do what is inside in a transaction, and die once a file is taken."""
    with transaction.atomic():
        yield
    if MailedFile.objects.exists():
        raise KeyboardInterrupt


@pytest.mark.parametrize("content", [FILE, b"%PDF-1.7"])
def test_a_file_that_was_taken_and_whose_message_was_not_moved_is_not_taken_again(
    mailbox: Mailbox, catalogue_manager: Any, content: bytes
) -> None:
    """As when the process is killed between the two: the import is there, and the message too."""
    profile_of(catalogue_manager)
    mailbox.send(("list.csv", content))
    with pytest.raises(KeyboardInterrupt):
        take_mail(effect=killed_after_taking)
    assert (mailbox.subjects(), MailedFile.objects.count()) == (["Price list"], 1)
    take_mail()
    kept = "done" if ImportJob.objects.exists() else "refused"
    assert (mailbox.subjects(), mailbox.subjects(kept)) == ([], ["Price list"])
    assert (MailedFile.objects.count(), len(mails())) == (1, 1)


def test_a_message_that_is_delivered_twice_is_taken_once(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    message = mailbox.send()
    take_mail()
    mailbox.deliver(message)
    take_mail()
    assert (ImportJob.objects.count(), mailbox.subjects(), len(mailbox.subjects("done"))) == (1, [], 2)


def hostile(sender: str) -> bytes:
    """Write a message whose words hold what no field of the desk takes."""
    head = {"From": sender, "Subject": "", "To": ""}
    message = letter(("NAME", FILE), head=head).as_bytes().replace(b'"NAME"', b"NAME")
    name = b"filename*=utf-8''..%2Fa%0ABcc%3A%00b%FF.csv"
    return b"Subject: =?utf-8?q?a=00b=0ABcc:_x=FF?= \xff\n" + message.replace(b"filename=NAME", name)


def test_words_that_cannot_be_stored_hold_up_nothing(
    mailbox: Mailbox, catalogue_manager: Any, administrator: Any
) -> None:
    profile_of(catalogue_manager)
    mailbox.deliver(hostile("buyer@miller.example"))
    mailbox.deliver(hostile("\ufffd@example.org"))
    mailbox.send()
    told: list[str] = []
    assert (take_mail(report=told.append), told) == (2, [])
    assert len(mails()) == 3
    assert [name.isprintable() for name in ImportJob.objects.values_list("filename", flat=True)] == [True, True]
    assert [subject[0] for subject in mailbox.subjects()] == ["*"]


def test_a_file_of_a_message_is_noted_once(db: None) -> None:
    note = "INSERT INTO spreadsheets_mailedfile (message, sha256, refusal) VALUES ('m', 's', '')"
    assert refused_by(f"{note}; {note}") == "spreadsheets_mailedfile_once"


def test_the_same_file_in_another_message_is_taken(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send()
    mailbox.send(head={"Message-ID": ""})
    take_mail()
    assert ImportJob.objects.count() == 2


def test_the_schedule_looks_into_the_mailbox(mailbox: Mailbox, catalogue_manager: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send()
    job = enqueue_job(kind=WATCH)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"files": 0, "mail": 1})


@pytest.mark.parametrize("wrong", [":1/", "sEcret@"])
def test_a_mailbox_that_cannot_be_opened_does_not_hold_up_the_folders(
    mailbox: Mailbox, settings: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    broken = "imap://desk:sEcret@127.0.0.1:1/" if "1" in wrong else mailbox.address.replace("w%40rd@", "sEcret@")
    settings.SPREADSHEET_MAILBOX, settings.SPREADSHEET_WATCH_FOLDER = broken, str(tmp_path)
    job = enqueue_job(kind=WATCH)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("partly_failed", {"files": 0, "mail": 0})
    assert job.error == "Spreadsheets in the mailbox cannot be looked at. The log says why."
    assert "sEcret" not in caplog.text


def test_where_no_mailbox_is_named_none_is_looked_into(mailbox: Mailbox, catalogue_manager: Any, settings: Any) -> None:
    profile_of(catalogue_manager)
    mailbox.send()
    settings.SPREADSHEET_MAILBOX = ""
    assert (take_mail(), mailbox.subjects()) == (0, ["Price list"])
