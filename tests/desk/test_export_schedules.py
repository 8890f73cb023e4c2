"""Exports that run by themselves: with whose rights, to whom and where, and what happens when they do not arrive."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse

from backoffice.accounts.services import grant_role
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set
from backoffice.jobs.models import Job
from backoffice.jobs.rhythms import Rhythm, as_cron
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_due_plans, enqueue_job, pause_plan, resume_plan, run_plan, watch_plans
from backoffice.spreadsheets.models import ExportFile, ExportSchedule
from backoffice.spreadsheets.places import place
from backoffice.spreadsheets.services import can_fetch, deliver_export, plan_export, save_template
from catalog.models import Product
from tests.constraints import refused_by
from tests.factories import make_customer, make_product, reload
from tests.reports.sink import mail_server

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
DUE = "2026-11-23T07:30"
PRODUCTS = {
    "model_label": "catalog.product",
    "sheet": "",
    "columns": ["sku_code", "name"],
    "query": "status__exact=active",
}
CUSTOMERS = {"model_label": "customers.customer", "sheet": "", "columns": ["code", "mail"], "query": ""}


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture(name="mails")
def received(settings: Any) -> Iterator[list[tuple[list[str], Any]]]:
    with mail_server(settings) as mails:
        yield mails


def plan(owner: Any, asked: Any = PRODUCTS, **fields: Any) -> ExportSchedule:
    """Return a schedule of `owner`, each working day at 07:30, made on a Friday; it goes to them by mail."""
    template = save_template(actor=owner, name="Active ones", shared=True, asked={**asked, "format": "xlsx"})
    known = {"title": "Our products", "template": template, "format": "csv", "recipients": [owner.email]}
    known |= {"cron": as_cron(Rhythm.WORKING_DAYS, time(7, 30))}
    return plan_export(schedule=ExportSchedule(**known | fields), actor=owner, now=FRIDAY)


def work(schedule: ExportSchedule, *, due: str = DUE, last: bool = True) -> ExportFile | None:
    """Run the jobs of a schedule to their end, the sending among them; return the newest export."""
    args = {"schedule": schedule.key, "due": due}
    job = enqueue_job(kind="spreadsheets.run_export_schedule", key=f"{due} {Job.objects.count()}", args=args)
    finish(job, last=last)
    for sending in Job.objects.filter(kind="spreadsheets.deliver_export", state="queued"):
        finish(sending, last=last)
    return schedule.files.order_by("-pk").first()


def finish(job: Job, *, last: bool = True) -> None:
    """Run a job; it is not tried again, if this was the last time."""
    if last:
        Job.objects.filter(pk=job.pk).update(max_attempts=F("attempt") + 1, run_after=Now())
    run_job(job.pk)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


class TestByMail:
    def test_it_arrives_with_the_rows_of_the_template(
        self, manager: Any, viewer: Any, mails: Any, settings: Any
    ) -> None:
        settings.DESK_URL = "https://desk.example.com"
        make_product(sku="A-1", name="Cup & Saucer", status="active")
        make_product(sku="A-2", name="Box", status="draft")
        export = work(plan(manager, title="Cups & boxes", recipients=[viewer.email]))
        ((recipients, message),) = mails
        (attached,) = message.iter_attachments()
        plain = message.get_body(("plain",)).get_content()
        assert (recipients, message["Subject"]) == ([viewer.email], "[Backoffice] Cups & boxes")
        assert table(attached.get_content()) == [{"SKU": "A-1", "Name": "Cup & Saucer"}]
        assert attached.get_filename() == "Cups & boxes 2026-11-23 07.30.csv"
        assert plain.startswith("Cups & boxes")
        assert "1 row, as the template “Active ones” says." in plain
        assert f"https://desk.example.com/spreadsheets/exportfile/{export.pk}/change/" in plain

    def test_it_is_on_record_as_an_export_of_its_owner(self, manager: Any) -> None:
        make_customer()
        schedule = plan(manager, CUSTOMERS)
        export = work(schedule)
        assert (export.owner, export.personal, export.rows, export.state) == (manager, True, 1, "made")
        assert (export.schedule, export.template, export.intended_for) == (schedule, schedule.template, MONDAY)
        assert (export.delivery, export.delivered_at is not None) == (manager.email, True)

    def test_the_rights_of_recipients_count_when_it_is_sent(self, manager: Any, operator: Any, viewer: Any) -> None:
        schedule = plan(manager, CUSTOMERS, recipients=[manager.email, operator.email])
        export = work(schedule)
        assert [message.bcc for message in mail.outbox] == [[manager.email]]
        assert export.delivery == manager.email
        operator.is_active = viewer.is_active = False
        operator.save()
        ExportSchedule.objects.update(recipients=[operator.email])
        assert "none of the recipients may have it" in work(schedule, due="2026-11-24T07:30").delivery
        assert len(mail.outbox) == 1

    def test_a_large_file_is_linked_and_its_recipients_may_fetch_it(
        self, manager: Any, viewer: Any, operator: Any, mails: Any, settings: Any, signed_in: Any
    ) -> None:
        settings.MAIL_ATTACHMENT_BYTES = 10
        make_product(sku="A-1", status="active")
        export = work(plan(manager, recipients=[viewer.email]))
        ((_recipients, message),) = mails
        assert list(message.iter_attachments()) == []
        assert "too large for mail" in message.get_body(("plain",)).get_content()
        client = signed_in(viewer)
        page = client.get(f"/spreadsheets/exportfile/{export.pk}/change/").content.decode()
        assert export.download_url in page
        assert "Delete the file" not in page
        assert b"A-1" in b"".join(client.get(export.download_url).streaming_content)
        assert str(export) in client.get("/spreadsheets/exportfile/?queue=mine").content.decode()
        assert signed_in(operator).get(export.download_url).status_code == 404
        viewer.groups.clear()
        assert can_fetch(export, type(viewer).objects.get(pk=viewer.pk)) is not None

    def test_without_rows_it_goes_nowhere_where_that_was_asked(self, manager: Any) -> None:
        export = work(plan(manager, only_with_rows=True))
        assert (mail.outbox, export.rows) == ([], 0)
        assert export.delivery == "nowhere: there are no rows"
        assert ExportSchedule.objects.get().has_arrived(since=MONDAY)

    def test_a_time_leaves_one_export_and_one_mail_however_often_it_is_tried(self, manager: Any) -> None:
        schedule = plan(manager)
        files = {work(schedule).file for _attempt in range(2)}
        assert (len(files), ExportFile.objects.count(), len(mail.outbox)) == (1, 1, 1)
        deliver_export(export=ExportFile.objects.get())
        assert len(mail.outbox) == 1


class TestIntoTheFolder:
    def put(self, schedule: ExportSchedule, address: str) -> Any:
        work(schedule)
        return place(address)

    @pytest.fixture(autouse=True)
    def folder(self, settings: Any, place_address: str) -> None:
        settings.EXPORT_FOLDER = place_address

    def test_it_is_put_under_a_name_with_its_date(self, manager: Any, place_address: str) -> None:
        make_product(sku="A-1", name="Cup", status="active")
        folder = self.put(plan(manager, title="In/out: all", recipients=[], to_folder=True), place_address)
        name = "In-out- all 2026-11-23 07.30.csv"
        with folder.open(name) as file:
            assert table(file.read()) == [{"SKU": "A-1", "Name": "Cup"}]
        assert (mail.outbox, ExportFile.objects.get().delivery) == ([], folder.words(name))

    def test_nothing_is_written_over(self, manager: Any, place_address: str) -> None:
        folder, name = place(place_address), "Our products 2026-11-23 07.30.csv"
        folder.save(name, io.BytesIO(b"theirs"))
        self.put(plan(manager, recipients=[], to_folder=True), place_address)
        with folder.open(name) as file:
            assert file.read() == b"theirs"
        assert len(folder.listdir("")[1]) == 2

    def test_what_was_put_there_before_the_work_was_interrupted_is_not_put_twice(
        self, manager: Any, place_address: str
    ) -> None:
        folder = self.put(plan(manager, recipients=[], to_folder=True), place_address)
        ExportFile.objects.update(delivered_at=None, delivery="")
        deliver_export(export=ExportFile.objects.get())
        assert folder.listdir("")[1] == ["Our products 2026-11-23 07.30.csv"]


def test_a_folder_that_fails_is_told_of_once_it_is_not_tried_again(
    manager: Any, administrator: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EXPORT_FOLDER = str(tmp_path / "a file" / "below")
    (tmp_path / "a file").write_text("no folder")
    schedule = plan(manager, to_folder=True)
    work(schedule, last=False)
    assert (mail.outbox, ExportSchedule.objects.did_not_arrive().exists()) == ([], False)
    finish(Job.objects.get(kind="spreadsheets.deliver_export"))
    assert [message.to for message in mail.outbox] == [[administrator.email, manager.email]]
    assert list(ExportSchedule.objects.did_not_arrive()) == [schedule]


def test_without_a_folder_nothing_is_planned_into_it(manager: Any, signed_in: Any) -> None:
    with pytest.raises(ValidationError, match="EXPORT_FOLDER"):
        plan(manager, to_folder=True)
    template = save_template(actor=manager, name="Any", shared=True, asked={**PRODUCTS, "format": "csv"})
    page = signed_in(manager).get(f"{reverse('admin:spreadsheets_exportschedule_add')}?template={template.pk}")
    assert "EXPORT_FOLDER names none" in page.content.decode()


class TestItsOwner:
    def test_who_is_gone_stops_it_and_administrators_are_told(self, manager: Any, administrator: Any) -> None:
        schedule = plan(manager)
        type(manager).objects.filter(pk=manager.pk).update(is_active=False)
        assert work(schedule) is None
        schedule.refresh_from_db()
        assert (schedule.active, schedule.problem) == (False, "Its owner is no longer here.")
        assert [message.to for message in mail.outbox] == [[administrator.email]]
        assert list(ExportSchedule.objects.did_not_arrive()) == [schedule]

    def test_who_lost_the_right_stops_it(self, manager: Any, administrator: Any, signed_in: Any) -> None:
        schedule = plan(manager, CUSTOMERS)
        manager.memberships.all().delete()
        grant_role(user=manager, role="Viewer")
        assert work(schedule) is None
        assert "Your role does not allow exporting this" in reload(schedule).problem
        assert [message.to for message in mail.outbox] == [[administrator.email, manager.email]]
        home = signed_in(administrator).get("/", {"fresh": 1}).context["tasks"]
        (task,) = [task for task in home if task.url.startswith("/spreadsheets/exportschedule/")]
        assert task.count.number == 1

    def test_whoever_saves_it_lends_it_their_rights_and_sets_it_going(
        self, manager: Any, administrator: Any, signed_in: Any
    ) -> None:
        schedule = plan(manager)
        ExportSchedule.objects.update(active=False, problem="Its owner is no longer here.")
        posted = form(
            schedule.template, recipients=[administrator.email], _version=reload(schedule).updated_at.isoformat()
        )
        signed_in(administrator).post(reverse("admin:spreadsheets_exportschedule_change", args=[schedule.pk]), posted)
        schedule.refresh_from_db()
        assert (schedule.owner, schedule.active, schedule.problem) == (administrator, True, "")


class TestInTime:
    def test_of_the_times_that_were_missed_the_latest_is_made_up_for(self, manager: Any) -> None:
        plan(manager)
        assert [enqueue_due_plans(now=MONDAY + timedelta(days=2)) for _look in range(2)] == [1, 0]
        assert Job.objects.get(kind="spreadsheets.run_export_schedule").args["due"] == "2026-11-25T07:30"

    def test_what_did_not_arrive_is_told_of_once_and_forgotten_when_it_does(
        self, manager: Any, administrator: Any
    ) -> None:
        schedule, late = plan(manager), MONDAY + timedelta(minutes=61)
        assert watch_plans(now=MONDAY + timedelta(minutes=59)) == 0
        assert [watch_plans(now=late) for _look in range(2)] == [1, 0]
        (told,) = mail.outbox
        assert told.to == [administrator.email, manager.email]
        assert told.subject == "[Backoffice] The export “Our products” did not arrive"
        work(schedule)
        assert not ExportSchedule.objects.did_not_arrive().exists()

    def test_what_was_made_and_not_sent_did_not_arrive(self, manager: Any) -> None:
        schedule = plan(manager)
        enqueue_job(kind="spreadsheets.run_export_schedule", args={"schedule": schedule.key, "due": DUE})
        run_job(Job.objects.get(kind="spreadsheets.run_export_schedule").pk)
        assert ExportFile.objects.get().state == "made"
        assert watch_plans(now=MONDAY + timedelta(minutes=61)) == 1

    def test_a_failure_is_told_of_at_once_and_not_again_by_the_watch(self, manager: Any, administrator: Any) -> None:
        schedule = plan(manager, {**PRODUCTS, "columns": ["gone"]})
        export = work(schedule)
        assert (export.state, "Choose them again" in export.error) == ("failed", True)
        (told,) = mail.outbox
        assert (told.to, told.subject) == (
            [administrator.email, manager.email],
            "[Backoffice] The export “Our products” failed",
        )
        assert list(ExportSchedule.objects.did_not_arrive()) == [schedule]
        assert (watch_plans(now=MONDAY + timedelta(minutes=61)), len(mail.outbox)) == (0, 1)
        type(schedule.template).objects.update(columns=["sku_code"])
        work(schedule, due="2026-11-23T09:00:01")
        assert not ExportSchedule.objects.did_not_arrive().exists()

    def test_a_disk_that_fails_is_told_of_once_it_is_not_tried_again(
        self, manager: Any, settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT = tmp_path / "a file"
        settings.MEDIA_ROOT.write_text("no folder")
        schedule = plan(manager)
        assert (work(schedule, last=False).state, mail.outbox) == ("queued", [])
        assert (work(schedule).state, len(mail.outbox)) == ("failed", 1)
        settings.MEDIA_ROOT = tmp_path / "files"
        assert (work(schedule).state, ExportFile.objects.count()) == ("made", 1)

    def test_a_paused_one_exports_nothing_and_is_not_missed(self, manager: Any) -> None:
        schedule = plan(manager)
        pause_plan(plan=schedule, actor=manager)
        assert (enqueue_due_plans(now=MONDAY), watch_plans(now=MONDAY + timedelta(hours=2))) == (0, 0)
        assert work(schedule) is None
        with pytest.raises(ValidationError, match="is paused"):
            run_plan(plan=schedule, actor=manager)
        resume_plan(plan=reload(schedule), actor=manager)
        schedule.refresh_from_db()
        assert (schedule.active, schedule.next_due > MONDAY - timedelta(days=365)) == (True, True)

    def test_one_that_was_deleted_meanwhile_exports_nothing(self, manager: Any) -> None:
        job = run_plan(plan=plan(manager), actor=manager)
        ExportSchedule.objects.get().delete()
        assert (run_job(job.pk), ExportFile.objects.exists()) == ("succeeded", False)

    def test_a_folder_that_is_named_no_more_is_told_of_in_a_sentence(
        self, manager: Any, settings: Any, tmp_path: Path
    ) -> None:
        settings.EXPORT_FOLDER = str(tmp_path / "place")
        schedule = plan(manager, to_folder=True)
        settings.EXPORT_FOLDER = ""
        work(schedule)
        (told,) = mail.outbox
        assert told.body.startswith(
            "There is no export folder: the setting EXPORT_FOLDER names none. Run “Our products”"
        )

    def test_it_runs_now_and_keeps_its_times(self, manager: Any) -> None:
        schedule = reload(plan(manager))
        job = run_plan(plan=schedule, actor=manager)
        assert run_job(job.pk) == "succeeded"
        assert (ExportFile.objects.get().schedule, job.asked_by) == (schedule, manager)
        assert reload(schedule).next_due == schedule.next_due


def form(template: Any, **fields: Any) -> dict[str, Any]:
    known = {"title": "Prices", "template": template.pk, "format": "ods", "due_within": 60}
    return known | {"rhythm": Rhythm.FIRST_OF_MONTH, "at": "06:15"} | fields


class TestOnTheDesk:
    ADD = "/spreadsheets/exportschedule/add/"

    @pytest.fixture
    def template(self, manager: Any) -> Any:
        return save_template(actor=manager, name="Mine", shared=False, asked={**CUSTOMERS, "format": "ods"})

    def test_a_manager_plans_in_words(self, manager: Any, signed_in: Any, template: Any) -> None:
        client = signed_in(manager)
        assert f'href="?template={template.pk}"' in client.get(self.ADD).content.decode()
        opened = client.get(f"{self.ADD}?template={template.pk}").content.decode()
        assert 'value="Mine"' in opened
        assert (
            f'value="{manager.email}" checked'
            in " ".join(opened.replace("\n", " ").split()).replace('id="id_recipients_0" ', "")
            or f'value="{manager.email}"' in opened
        )
        page = client.post(self.ADD, form(template, recipients=[manager.email]), follow=True).content.decode()
        schedule = ExportSchedule.objects.get()
        assert (schedule.cron, schedule.owner, schedule.recipients) == ("15 6 1 * *", manager, [manager.email])
        assert (schedule.template, schedule.format) == (template, "ods")
        assert "It runs next: " in page

    def test_a_recipient_who_may_not_have_the_rows_is_refused(
        self, manager: Any, operator: Any, signed_in: Any, template: Any
    ) -> None:
        client = signed_in(manager)
        assert operator.email not in client.get(f"{self.ADD}?template={template.pk}").content.decode()
        page = client.post(self.ADD, form(template, recipients=[operator.email])).content.decode()
        assert f"{operator.email} may not export these rows." in page
        assert not ExportSchedule.objects.exists()

    def test_it_has_to_go_somewhere(self, manager: Any, signed_in: Any, template: Any) -> None:
        page = signed_in(manager).post(self.ADD, form(template)).content.decode()
        assert "Choose who gets it by mail, or have it put into the export folder." in page
        plan(manager)
        broken = refused_by("UPDATE spreadsheets_exportschedule SET recipients = '{}'")
        assert broken == "spreadsheets_exportschedule_goes_somewhere"

    def test_only_templates_that_one_may_use_are_offered(
        self, manager: Any, administrator: Any, signed_in: Any, template: Any
    ) -> None:
        client = signed_in(administrator)
        assert "as a template first" in client.get(self.ADD).content.decode()
        assert client.post(self.ADD, form(template, recipients=[manager.email])).status_code == 200
        assert not ExportSchedule.objects.exists()

    def test_a_date_has_one_export(self, manager: Any) -> None:
        work(plan(manager))
        ExportFile.objects.create(owner=manager, **PRODUCTS)
        broken = refused_by(
            "UPDATE spreadsheets_exportfile SET (schedule_id, intended_for) ="
            " (SELECT schedule_id, intended_for FROM spreadsheets_exportfile WHERE state = 'made')"
            " WHERE state = 'queued'"
        )
        assert broken == "spreadsheets_exportfile_once_for_each_date"

    def test_what_it_did_is_told_on_its_page(self, manager: Any, signed_in: Any) -> None:
        schedule = plan(manager)
        export = work(schedule)
        client = signed_in(manager)
        page = client.get(f"/spreadsheets/exportschedule/{schedule.pk}/change/").content.decode()
        assert f"/spreadsheets/exportfile/{export.pk}/change/" in page
        assert page.count(", 07:30") >= 5
        assert (
            "Each working day, Monday to Friday at 07:30"
            in client.get("/spreadsheets/exportschedule/").content.decode()
        )
        export_page = client.get(f"/spreadsheets/exportfile/{export.pk}/change/").content.decode()
        assert "Schedule: Our products" in export_page
        assert f"It went to: {manager.email}." in export_page
        template_page = client.get(f"/spreadsheets/exporttemplate/{schedule.template_id}/change/").content.decode()
        assert f"/spreadsheets/exportschedule/add/?template={schedule.template_id}" in template_page

    def test_a_viewer_is_not_told_how_to_schedule(self, viewer: Any, signed_in: Any) -> None:
        template = save_template(actor=viewer, name="Theirs", shared=False, asked={**PRODUCTS, "format": "csv"})
        client = signed_in(viewer)
        for url in (
            f"/spreadsheets/exporttemplate/{template.pk}/change/",
            f"/catalog/product/export/?template={template.pk}",
        ):
            assert "Schedule it" not in client.get(url).content.decode()
        assert client.get(self.ADD).status_code == 403

    def test_pausing_is_attributed_and_can_be_undone(self, manager: Any, administrator: Any, signed_in: Any) -> None:
        schedule = plan(manager)
        url = reverse("admin:spreadsheets_exportschedule_action", args=[schedule.pk, "pause"])
        signed_in(administrator).post(url, {"confirmed": "1", "reason": "holiday"})
        assert not reload(schedule).active
        change_set = ChangeSet.objects.get(reason="holiday")
        assert (change_set.actor, change_set.counts) == (administrator, {"spreadsheets.exportschedule": {"~": 1}})
        undo_change_set(change_set=change_set, actor=administrator)
        assert reload(schedule).active

    def test_a_template_that_is_scheduled_is_not_deleted(self, manager: Any, signed_in: Any) -> None:
        schedule = plan(manager)
        url = f"/spreadsheets/exporttemplate/{schedule.template_id}/delete/"
        assert "Our products" in signed_in(manager).post(url, {"post": "yes"}).content.decode()
        assert reload(schedule).template is not None


def test_products_are_exported_as_they_are_then(manager: Any) -> None:
    product = make_product(sku="A-1", name="Old", status="active")
    schedule = plan(manager)
    Product.objects.filter(pk=product.pk).update(name="New")
    assert table(work(schedule).path.read_bytes()) == [{"SKU": "A-1", "Name": "New"}]
