"""A row of every model that the desk shows, and for each action a row that is ready for it."""

from collections.abc import Callable, Mapping
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from model_bakery import baker

from backoffice.accounts.models import User
from backoffice.accounts.services import issue_token
from backoffice.bulk.models import BulkRun
from backoffice.bulk.operations import Edit
from backoffice.bulk.plans import plan_edits
from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.jobs.models import JobSchedule
from backoffice.jobs.services import cancel_job, enqueue_job
from backoffice.spreadsheets.models import ExportFile, ExportSchedule, ExportTemplate, ImportJob, ImportProfile
from backoffice.spreadsheets.services import check_import, upload_file
from catalog.models import Category, Product
from orders.models import Order
from orders.services import ReturnedUnits, announce_return, grant_refund, hold_order
from reports.models import ReportRun, ReportSchedule
from reports.services import run_report
from tests.factories import make_completed, make_customer, make_draft, make_paid, make_placed, make_product, reload
from tests.jobs import kinds  # noqa: F401

FILES = {"products": "SKU,Name,Price\nNEW-1,Tea,2.50\n", "stock-count": "SKU,Counted\nCOUNTED,7\n"}
MAPPED = {
    "products": {"sku": "SKU", "name": "Name", "price": "Price"},
    "stock-count": {"sku": "SKU", "counted": "Counted"},
}


def rows_shown() -> dict[str, Any]:
    """Return a row of each model that shows the same ones to everybody."""
    order = make_completed()
    return {
        "catalog.product": make_product(on_hand=3),
        "catalog.category": Category.objects.create(name="Rugs"),
        "catalog.stockmovement": make_product(on_hand=3).movements.get(),
        "customers.customer": make_customer(),
        "orders.order": order,
        "orders.payment": order.payments.get(),
        "orders.shipment": order.shipments.get(),
        "orders.return": announced_return(),
        "reports.reportschedule": planned_report(),
        "changes.changeset": renaming(),
        "spreadsheets.importprofile": ImportProfile.objects.create(resource="products", name="Price list"),
        "spreadsheets.exportschedule": export_schedule(),
        "bulk.bulkrun": baker.make(BulkRun, model_label="catalog.product", state="done", finished_at=timezone.now()),
        "jobs.job": enqueue_job(kind="tests.write"),
        "jobs.jobschedule": JobSchedule.objects.first(),
        "accounts.user": baker.make(User, email="somebody@example.com"),
        "accounts.apitoken": token(),
        "auth.group": Group.objects.get(name="Viewer"),
        "axes.accessattempt": baker.make(AccessAttempt),
    }


def export_file(owner: User) -> ExportFile:
    """Return an export of products by `owner`, whose file is there."""
    export = baker.make(
        ExportFile, owner=owner, model_label="catalog.product", sheet="products", columns=["sku"], format="csv"
    )
    export.choose_place("exports", "csv")
    export.path.write_text("SKU\n")
    export.note_contents(days=1)
    export.rows, export.state, export.filename = 0, "made", "products.csv"
    export.save()
    return export


def export_template(owner: User) -> ExportTemplate:
    """Return a template of `owner`."""
    fields = {"model_label": "catalog.product", "sheet": "products", "columns": ["sku"]}
    return ExportTemplate.objects.create(owner=owner, name=f"Of {owner.email}", **fields)


def export_schedule(**fields: Any) -> ExportSchedule:
    """Return a schedule, running or not, of a template of its owner."""
    owner = User.objects.get_or_create(email="plans@example.com")[0]
    template = ExportTemplate.objects.filter(owner=owner).first() or export_template(owner)
    known = {"title": "Prices", "template": template, "cron": "30 7 * * 1-5", "recipients": [owner.email]}
    return reload(ExportSchedule.objects.create(owner=owner, **known | fields))


def renaming() -> ChangeSet:
    """Return a change set that renamed a product."""
    product = make_product(name="Old")
    with recording(kind=ChangeSet.Kind.SHELL, reason="typo"):
        Product.objects.filter(pk=product.pk).update(name="New")
    return ChangeSet.objects.get(reason="typo")


def bulk_preview(owner: User) -> BulkRun:
    """Return a preview of `owner`'s, whether or not they might have made it."""
    edit = Edit(Product._meta.get_field("barcode"), "set", "5012345678900")
    return plan_edits(model=Product, pks=[make_product().pk], edits=[edit], actor=owner)


def report_run(owner: User) -> ReportRun:
    run = run_report(report="sales-by-month", given={"period": "all_time"}, file_format="json")
    ReportRun.objects.filter(pk=run.pk).update(requested_by=owner)
    return run


def planned_report() -> ReportSchedule:
    schedule = ReportSchedule.objects.create(name="own", title="Own", report="sales-by-month", cron="30 7 * * 1-5")
    return reload(schedule)


def failed_run() -> ReportRun:
    run = run_report(report="sales-by-month", given={"period": "all_time"}, file_format="json")
    ReportRun.objects.filter(pk=run.pk).update(state="failed", error="No disk.")
    return run


def checked_import(owner: User, resource: str) -> ImportJob:
    """Return an import that waits to be applied; `owner` owns it, whether or not they might have uploaded it."""
    make_product(sku=f"COUNTED{ImportJob.objects.count() or ''}")
    text = FILES[resource].replace("COUNTED", f"COUNTED{ImportJob.objects.count() or ''}")
    job = upload_file(resource=resource, file=SimpleUploadedFile("l.csv", text.encode()), filename="l.csv", actor=None)
    profile = ImportProfile.objects.create(resource=resource, name=f"Profile {job.pk}", mapping=dict(MAPPED[resource]))
    ImportJob.objects.filter(pk=job.pk).update(owner=owner, profile=profile)
    return check_import(job=job, actor=None)


def token() -> Any:
    owner = User.objects.create_user(f"owner{User.objects.count()}@example.com")
    return issue_token(owner=owner, name="Shop", scopes=["orders"])[0]


def held_order() -> Order:
    order = make_placed()
    hold_order(order=order, reason="strike")
    return reload(order)


def pending_refund() -> Any:
    return grant_refund(order=make_paid(), reason="late")


def announced_return() -> Any:
    order = make_completed()
    return announce_return(order=order, units=[ReturnedUnits(order.lines.get().pk, 1, True)])


def cancelled_job() -> Any:
    job = enqueue_job(kind="tests.write")
    cancel_job(job=job)
    return job


def paused_schedule() -> JobSchedule:
    schedule = JobSchedule.objects.latest("pk")
    JobSchedule.objects.filter(pk=schedule.pk).update(paused=True)
    return schedule


def units(row: Order) -> dict[str, Any]:
    return {f"units_{line.pk}": 1 for line in row.lines.all()}


def money(_row: Order) -> dict[str, Any]:
    return {"amount": "1.00", "method": "bank", "idempotency_key": "one-click"}


WHY = {"reason": "because"}
# For each action: a row that is ready for it, and what is asked besides the reason.
READY: dict[tuple[str, str], tuple[Callable[[], Any], Callable[[Any], Mapping[str, Any]] | None]] = {
    ("catalog.product", "receive"): (make_product, lambda row: {"quantity": 2}),
    ("catalog.product", "count"): (make_product, lambda row: {"counted": 2}),
    ("catalog.product", "adjust"): (make_product, lambda row: {"percent": 5}),
    ("catalog.product", "archive"): (make_product, None),
    ("catalog.product", "restore"): (lambda: make_product(status="archived"), None),
    ("customers.customer", "block"): (make_customer, None),
    ("customers.customer", "unblock"): (lambda: make_customer(blocked=True), None),
    ("customers.customer", "note_consent"): (make_customer, lambda row: {"agrees": 1}),
    ("customers.customer", "archive"): (make_customer, None),
    ("customers.customer", "restore"): (lambda: make_customer(archived_at=timezone.now()), None),
    ("orders.order", "place"): (make_draft, None),
    ("orders.order", "ship"): (make_placed, units),
    ("orders.order", "pay"): (make_placed, money),
    ("orders.order", "refund"): (make_paid, money),
    ("orders.order", "take_back"): (make_completed, units),
    ("orders.order", "hold"): (make_placed, None),
    ("orders.order", "release"): (held_order, None),
    ("orders.order", "assign"): (make_placed, lambda row: {"assignee": User.objects.earliest("pk").pk}),
    ("orders.order", "follow_up"): (make_placed, lambda row: {"on": "2030-01-01"}),
    ("orders.order", "charges"): (make_draft, lambda row: {"discount": "1.00", "shipping": "2.00"}),
    ("orders.order", "cancel"): (make_placed, units),
    ("orders.payment", "sent"): (pending_refund, None),
    ("orders.payment", "failed"): (pending_refund, None),
    ("orders.return", "receive"): (announced_return, None),
    ("reports.reportrun", "again"): (failed_run, None),
    ("spreadsheets.exportschedule", "run_now"): (export_schedule, None),
    ("spreadsheets.exportschedule", "pause"): (export_schedule, None),
    ("spreadsheets.exportschedule", "resume"): (lambda: export_schedule(active=False), None),
    ("spreadsheets.importprofile", "take_over"): (
        lambda: ImportProfile.objects.create(resource="products", name="Abandoned"),
        None,
    ),
    ("jobs.job", "cancel"): (lambda: enqueue_job(kind="tests.write"), None),
    ("jobs.job", "retry"): (cancelled_job, None),
    ("jobs.jobschedule", "run_now"): (JobSchedule.objects.first, None),
    ("jobs.jobschedule", "pause"): (JobSchedule.objects.first, None),
    ("jobs.jobschedule", "resume"): (paused_schedule, None),
    ("accounts.user", "give_password"): (
        lambda: User.objects.create_user("locked.out@example.com"),
        lambda row: {"password": "a-new-longer-one"},
    ),
    ("accounts.apitoken", "revoke"): (token, None),
}


def rows_ready() -> dict[tuple[str, str], tuple[Any, dict[str, Any]]]:
    """Return for each action, by model and name, a row that is ready for it and what to post."""
    ready = {}
    for action, (make, asks) in READY.items():
        row = reload(make())
        ready[action] = row, WHY | dict(asks(row) if asks else {})
    return ready
