"""Reports that colleagues plan: when they run, who gets them, and what happens when they do not arrive."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse

from backoffice.jobs.models import Job
from backoffice.jobs.rhythms import Rhythm, as_cron, from_cron, in_words
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import enqueue_due_plans, enqueue_job, stop_plan, watch_plans
from reports.delivery import deliver_run, run_again
from reports.models import ReportRun, ReportSchedule
from reports.planning import plan_report
from reports.services import can_open_run
from tests.reports.samples import make_sale
from tests.reports.sink import mail_server

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(name="mails")
def received(settings: Any) -> Iterator[list[tuple[list[str], Any]]]:
    with mail_server(settings) as mails:
        yield mails


def plan(owner: Any, **fields: Any) -> ReportSchedule:
    """Return a plan of `owner`: sales by month, each working day at 07:30, made on a Friday."""
    known = {"title": "Sales", "report": "sales-by-month", "parameters": {"period": "all_time"}, "format": "csv"}
    known |= {"cron": as_cron(Rhythm.WORKING_DAYS, time(7, 30))}
    return plan_report(schedule=ReportSchedule(**known | fields), actor=owner, now=FRIDAY)


def produce(schedule: ReportSchedule, *, attempts: int = 1) -> ReportRun | None:
    """Run the jobs of a plan to their end, the sending among them."""
    args = {"schedule": schedule.name, "due": "2026-11-23T07:30"}
    job = enqueue_job(kind="reports.run_schedule", args=args)
    Job.objects.filter(pk=job.pk).update(max_attempts=attempts)
    run_job(job.pk)
    for sending in Job.objects.filter(kind="reports.deliver_run", state="queued"):
        run_job(sending.pk)
    return schedule.runs.first()


@pytest.mark.parametrize("rhythm", Rhythm)
def test_a_rhythm_is_read_back_from_its_times(rhythm: str) -> None:
    assert from_cron(as_cron(rhythm, time(7, 30))) == (rhythm, time(7, 30))


def test_a_plan_reads_as_words() -> None:
    assert in_words("30 7 * * 1-5") == "Each working day, Monday to Friday at 07:30"
    assert in_words("*/5 * * * *") == "*/5 * * * *"


def test_a_plan_knows_its_next_runs(manager: Any, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/London"
    last_of_month = plan(manager, cron=as_cron(Rhythm.LAST_OF_MONTH, time(7, 30)))

    found = [f"{at:%m-%d %H:%M}" for at in last_of_month.next_times(datetime(2026, 2, 1, tzinfo=UTC), 3)]

    assert found == ["02-28 07:30", "03-31 06:30", "04-30 06:30"]


def test_a_plan_is_due_once_after_the_weekend(manager: Any) -> None:
    schedule = plan(manager)

    assert enqueue_due_plans(now=MONDAY - A_MINUTE) == 0
    assert [enqueue_due_plans(now=MONDAY) for _look in range(2)] == [1, 0]
    assert Job.objects.get(kind="reports.run_schedule").args == {"schedule": schedule.name, "due": "2026-11-23T07:30"}


def test_of_the_runs_that_were_missed_the_latest_is_made_up_for(manager: Any) -> None:
    plan(manager)

    assert enqueue_due_plans(now=MONDAY + timedelta(days=2)) == 1
    assert Job.objects.get(kind="reports.run_schedule").args["due"] == "2026-11-25T07:30"


def test_a_plan_that_cannot_be_read_stops_and_leaves_others_alone(manager: Any) -> None:
    broken, sound = plan(manager, title="Broken"), plan(manager, title="Sound")
    ReportSchedule.objects.filter(pk=broken.pk).update(cron="no cron")

    assert enqueue_due_plans(now=MONDAY) == 1
    broken.refresh_from_db()
    assert (broken.active, bool(broken.problem), sound.active) == (False, True, True)


def test_one_plans_only_what_one_may_run(viewer: Any) -> None:
    with pytest.raises(ValidationError, match="You may not run the report"):
        plan(viewer, report="top-customers")


def test_a_report_arrives_with_its_head_its_totals_a_link_and_its_file(
    manager: Any, viewer: Any, mails: Any, settings: Any
) -> None:
    settings.DESK_URL = "https://desk.example.com"
    make_sale("2026-10-05T10:00Z", (2000, "1.5"))

    run = produce(plan(manager, recipients=[viewer.email]))

    ((recipients, message),) = mails
    html = message.get_body(("html",)).get_content()
    assert recipients == [viewer.email]
    assert "October 2026" in html
    assert "Sales <strong>3,000.00</strong>" in html
    assert f"https://desk.example.com/reports/reportrun/{run.pk}/change/" in html
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == (run.filename, run.path.read_bytes())


def test_a_large_file_stays_on_the_desk(manager: Any, viewer: Any, mails: Any, settings: Any) -> None:
    settings.MAIL_ATTACHMENT_BYTES = 10

    produce(plan(manager, recipients=[viewer.email]))

    ((_recipients, message),) = mails
    assert list(message.iter_attachments()) == []
    assert "too large for mail" in message.get_body(("plain",)).get_content()


def test_a_recipient_who_may_not_run_the_report_does_not_get_it(manager: Any, viewer: Any, mails: Any) -> None:
    run = produce(plan(manager, report="top-customers", recipients=[viewer.email, manager.email]))

    assert [recipients for recipients, _message in mails] == [[manager.email]]
    run.refresh_from_db()
    assert run.delivery == manager.email


def test_a_run_is_sent_once(manager: Any, viewer: Any, mails: Any) -> None:
    run = produce(plan(manager, recipients=[viewer.email]))

    deliver_run(run=run)

    assert len(mails) == 1


def test_without_data_nothing_is_sent_where_that_was_asked(manager: Any, viewer: Any) -> None:
    run = produce(plan(manager, recipients=[viewer.email], only_with_data=True))

    run.refresh_from_db()
    assert (mail.outbox, run.delivery) == ([], "not sent: there is no data")


@pytest.mark.parametrize(("when", "sent"), [("above", 0), ("below", 1)])
def test_a_threshold_decides_whether_it_is_sent(when: str, sent: int, manager: Any, viewer: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "99"))
    alert = {"alert_figure": "sales", "alert_when": when, "alert_value": Decimal(100)}

    produce(plan(manager, recipients=[viewer.email], **alert))

    assert len(mail.outbox) == sent


def test_a_recipient_may_open_the_run(manager: Any, viewer: Any, operator: Any) -> None:
    run = produce(plan(manager, recipients=[viewer.email]))

    assert can_open_run(run, viewer) is None
    assert can_open_run(run, operator) is not None
    assert list(ReportRun.objects.visible_to(viewer)) == [run]


def test_a_plan_whose_owner_is_gone_stops_and_tells_the_administrators(manager: Any, administrator: Any) -> None:
    schedule = plan(manager)
    type(manager).objects.filter(pk=manager.pk).update(is_active=False)

    assert produce(schedule) is None
    schedule.refresh_from_db()
    assert (schedule.active, schedule.problem) == (False, "Its owner is no longer here.")
    assert [message.to for message in mail.outbox] == [[administrator.email]]


def test_a_plan_runs_with_the_rights_that_its_owner_has_then(manager: Any, administrator: Any) -> None:
    schedule = plan(manager, report="top-customers")
    manager.memberships.all().delete()

    assert produce(schedule) is None
    schedule.refresh_from_db()
    assert (schedule.active, "You may not run the report" in schedule.problem) == (False, True)
    assert [message.to for message in mail.outbox] == [[administrator.email, manager.email]]


def test_a_run_that_fails_tells_its_owner_and_the_administrators(
    manager: Any, administrator: Any, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "no folder"
    settings.MEDIA_ROOT.write_text("a file")
    schedule = plan(manager)

    assert produce(schedule, attempts=2).state == "failed"
    assert mail.outbox == []
    assert produce(schedule).state == "failed"
    assert schedule.runs.count() == 1
    assert mail.outbox[0].to == [administrator.email, manager.email]
    assert "Run again" in mail.outbox[0].body


def test_a_failed_run_is_run_again_once(manager: Any) -> None:
    run = produce(plan(manager))
    ReportRun.objects.filter(pk=run.pk).update(state="failed", error="No disk.")

    run_again(run=run)
    with pytest.raises(ValidationError, match="Only a run that failed"):
        run_again(run=run)

    run_job(Job.objects.get(kind="reports.produce_run").pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("succeeded", "")


def test_a_report_that_did_not_arrive_is_told_of_once_and_forgotten_when_it_does(
    manager: Any, administrator: Any
) -> None:
    schedule, late = plan(manager), MONDAY + timedelta(minutes=61)

    assert watch_plans(now=MONDAY + timedelta(minutes=59)) == 0
    assert [watch_plans(now=late) for _look in range(2)] == [1, 0]
    assert [message.to for message in mail.outbox] == [[administrator.email, manager.email]]
    assert list(ReportSchedule.objects.did_not_arrive()) == [schedule]

    produce(schedule)
    assert not ReportSchedule.objects.did_not_arrive().exists()


def test_a_report_that_arrived_is_not_told_of(manager: Any) -> None:
    produce(plan(manager))

    assert watch_plans(now=MONDAY + timedelta(minutes=61)) == 0


def test_the_watch_needs_no_worker_for_the_home_page(manager: Any) -> None:
    schedule = plan(manager)

    assert list(ReportSchedule.objects.overdue(MONDAY + timedelta(minutes=61))) == [schedule]
    assert not ReportSchedule.objects.overdue(MONDAY + timedelta(minutes=59)).exists()


def form(**fields: Any) -> dict[str, Any]:
    known = {"title": "Sales", "report": "sales-by-month", "rhythm": Rhythm.FIRST_OF_MONTH, "at": "07:30"}
    known |= {"asked-period": "last_month", "asked-currency": "GBP"}
    return known | {"format": "xlsx", "due_within": 60, "active": 1} | fields


def posted(client: Any, **fields: Any) -> Any:
    fields = {"alert_when": "above"} | fields
    return client.post(reverse("admin:reports_reportschedule_add"), form(**fields), follow=True)


def test_a_manager_plans_a_report_in_words(manager: Any, viewer: Any, signed_in: Any) -> None:
    response = posted(signed_in(manager), recipients=[viewer.email])

    planned = ReportSchedule.objects.get(title="Sales")
    assert (planned.cron, planned.owner) == ("30 7 1 * *", manager)
    assert planned.parameters == {"currency": "GBP", "period": "last_month"}
    assert planned.recipients == [viewer.email]
    assert "It runs next: " in response.content.decode()
    assert response.content.decode().count(", 07:30") >= 5


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"asked-period": "never"}, "never is not one of the available choices"),
        ({"asked-currency": "pounds"}, "at most 3 characters"),
        ({"asked-date_from": "2026-01-01"}, "Dates count only with the period"),
        ({"asked-period": "custom"}, "Give the date that the period begins with"),
        ({"alert_figure": "on_hand", "alert_value": "5"}, "This report has no such total"),
        ({"alert_figure": "sales"}, "Say at what value"),
    ],
)
def test_a_plan_that_cannot_run_is_refused(fields: dict[str, Any], sentence: str, manager: Any, signed_in: Any) -> None:
    response = posted(signed_in(manager), **fields)

    assert sentence in response.content.decode()
    assert not ReportSchedule.objects.filter(title="Sales").exists()


def test_a_recipient_who_may_not_run_the_report_is_refused(manager: Any, viewer: Any, signed_in: Any) -> None:
    response = posted(signed_in(manager), report="top-customers", recipients=[viewer.email])

    assert f"{viewer.email} may not run this report." in response.content.decode()


def test_the_form_opens_with_what_the_report_was_asked(manager: Any, signed_in: Any) -> None:
    address = reverse("admin:reports_reportschedule_add")

    content = signed_in(manager).get(address, {"report": "sales-by-day", "period": "yesterday"}).content.decode()

    assert '<option value="yesterday" selected>' in content
    assert 'value="Sales by day"' in content


def test_a_plan_that_stopped_goes_on_with_whoever_saves_it(manager: Any, signed_in: Any) -> None:
    schedule = plan(manager)
    address, client = reverse("admin:reports_reportschedule_change", args=[schedule.pk]), signed_in(manager)
    ReportSchedule.objects.filter(pk=schedule.pk).update(active=False)
    assert not client.get(address).context["adminform"].form["active"].value()

    stop_plan(plan=plan(manager, title="Stopped"), problem="Its owner is no longer here.")
    stopped = reverse("admin:reports_reportschedule_change", args=[ReportSchedule.objects.get(title="Stopped").pk])
    assert client.get(stopped).context["adminform"].form["active"].value()


def test_without_a_report_one_is_chosen_first(manager: Any, signed_in: Any) -> None:
    address, client = reverse("admin:reports_reportschedule_add"), signed_in(manager)

    content = client.get(address).content.decode()

    assert f'href="{address}?report=order-ageing"' in content
    assert "Late when unpaid for more days than" in client.get(address, {"report": "order-ageing"}).content.decode()


def test_only_reports_that_one_may_run_are_offered(catalogue_manager: Any, signed_in: Any) -> None:
    catalogue_manager.user_permissions.add(Permission.objects.get(codename="add_reportschedule"))
    address = reverse("admin:reports_reportschedule_add")

    assert "?report=top-customers" not in signed_in(catalogue_manager).get(address).content.decode()


def test_a_plan_opens_with_what_it_asks_and_can_become_one_of_another_report(manager: Any, signed_in: Any) -> None:
    schedule = plan(manager, parameters={"period": "last_quarter"})
    address, client = reverse("admin:reports_reportschedule_change", args=[schedule.pk]), signed_in(manager)

    assert '<option value="last_quarter" selected>' in client.get(address).content.decode()
    assert f'href="{address}?report=top-customers"' in client.get(address, {"report": ""}).content.decode()
    other = client.get(address, {"report": "top-customers"}).content.decode()
    assert "How many" in other
    assert '<option value="last_quarter" selected>' in other


def test_a_plan_of_another_report_is_saved_with_its_parameters(manager: Any, signed_in: Any) -> None:
    schedule = plan(manager)
    address = reverse("admin:reports_reportschedule_change", args=[schedule.pk])
    version = ReportSchedule.objects.get(pk=schedule.pk).updated_at.isoformat()
    asked = {"report": "top-customers", "asked-limit": "10", "alert_when": "above", "_version": version}

    signed_in(manager).post(f"{address}?report=top-customers", form(**asked))

    schedule.refresh_from_db()
    assert schedule.report == "top-customers"
    assert schedule.parameters == {"currency": "GBP", "period": "last_month", "limit": 10}


def test_a_viewer_reads_a_plan_and_cannot_change_it(manager: Any, viewer: Any, signed_in: Any) -> None:
    address = reverse("admin:reports_reportschedule_change", args=[plan(manager).pk])

    response = signed_in(viewer).get(address)

    assert "Each working day, Monday to Friday at 07:30" in response.content.decode()
    assert "Period <strong>All time</strong>" in response.content.decode()
    assert signed_in(viewer).post(address, form(title="Mine")).status_code == 403


def test_what_the_code_declares_is_not_changed_by_a_form(manager: Any, signed_in: Any) -> None:
    declared = ReportSchedule.objects.get(declared_in_code=True)
    address = reverse("admin:reports_reportschedule_change", args=[declared.pk])

    assert "every day at 06:00" in signed_in(manager).get(address).content.decode()
    assert signed_in(manager).post(address, form(title="Mine")).status_code == 403


@pytest.mark.parametrize(
    ("theirs", "saved"),
    [({"asked-period": "this_month"}, False), ({"at": "09:00"}, False), ({"title": "Theirs"}, True)],
)
def test_times_and_parameters_that_a_colleague_changed_are_not_written_over(
    theirs: dict[str, str], saved: bool, manager: Any, administrator: Any, signed_in: Any
) -> None:
    posted(signed_in(manager))
    schedule = ReportSchedule.objects.get(title="Sales")
    address = reverse("admin:reports_reportschedule_change", args=[schedule.pk])
    both = {"alert_when": "above", "_version": schedule.updated_at.isoformat()}
    signed_in(administrator).post(address, form(**both | theirs))

    response = signed_in(manager).post(address, form(**both, due_within=30))

    schedule.refresh_from_db()
    assert (schedule.due_within == 30) == saved
    assert ("Nothing of yours was saved" in response.content.decode()) != saved


def test_whoever_saves_a_plan_lends_it_their_rights(manager: Any, administrator: Any, signed_in: Any) -> None:
    schedule = plan(manager)
    address = reverse("admin:reports_reportschedule_change", args=[schedule.pk])
    version = ReportSchedule.objects.get(pk=schedule.pk).updated_at.isoformat()

    signed_in(administrator).post(address, form(title="Mine", alert_when="above", _version=version))

    assert ReportSchedule.objects.get(pk=schedule.pk).owner == administrator
