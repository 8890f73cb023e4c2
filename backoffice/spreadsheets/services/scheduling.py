"""What happens to exports that run by themselves: planned, asked for when they are due, and sent where they belong."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.refusals import NOT_ALLOWED, Refusal, RefusedError, refuse_if, require
from backoffice.changes.services import service
from backoffice.jobs.services import adopt_plan, note_arrival
from backoffice.spreadsheets.mailing import mail_file
from backoffice.spreadsheets.models import ExportFile, ExportSchedule, ExportTemplate
from backoffice.spreadsheets.places import Place, export_place
from backoffice.spreadsheets.services.exporting import can_export, request_export


def can_have(template: ExportTemplate, user: User) -> Refusal | None:
    """Return why `user` may not have what a template exports: they must see the list, and may take its rows away."""
    app, _dot, model = template.model_label.partition(".")
    if not user.has_perm(f"{app}.view_{model}"):
        return Refusal(_("This list is not open to your role. Ask an administrator."), code=NOT_ALLOWED)
    return can_export(template.model_label, template.sheet, user)


def recipients_of(template: ExportTemplate) -> Sequence[User]:
    """Return the colleagues who may have what a template exports, and so may get it by mail."""
    return [user for user in User.objects.active().order_by("email") if can_have(template, user) is None]


def can_put(schedule: ExportSchedule) -> Refusal | None:
    """Return why an export cannot be put where the schedule wants it."""
    missing = schedule.to_folder and export_place() is None
    return refuse_if(missing, _("There is no export folder: the setting EXPORT_FOLDER names none."))


@service
def plan_export(*, schedule: ExportSchedule, actor: User, now: datetime, reason: str = "") -> ExportSchedule:
    """Save a schedule, new or changed, in the name of `actor`: from now on it has their rights, from its next time on.

    One that a problem stopped goes on. Raises RefusedError when `actor` may not have what the template exports.
    """
    require(can_have(schedule.template, actor))
    require(can_put(schedule))
    schedule.active = schedule.active or bool(schedule.problem)
    adopt_plan(plan=schedule, actor=actor, now=now)
    return schedule


@transaction.atomic
def request_scheduled_export(*, schedule: ExportSchedule, intended_for: datetime) -> ExportFile:
    """Return the one export of the schedule for `intended_for`: the same however often it is asked for.

    Raises RefusedError when its owner is gone, or may not have what the template exports any more.
    """
    known = ExportSchedule.objects.select_related("template", "owner")
    schedule = known.select_for_update(of=("self",)).get(pk=schedule.pk)
    owner, template = schedule.owner, schedule.template
    if owner is None or not owner.is_active:
        raise RefusedError(_("Its owner is no longer here."))
    require(can_have(template, owner))
    existing: ExportFile | None = schedule.files.filter(intended_for=intended_for).first()
    asked = {name: getattr(template, name) for name in ("model_label", "sheet", "columns", "query")}
    return existing or request_export(
        actor=owner,
        template=template,
        format=schedule.format,
        schedule=schedule,
        intended_for=intended_for,
        **asked,
    )


@transaction.atomic
def deliver_export(*, export: ExportFile) -> str:
    """Send an export to where its schedule wants it; return where it went, or why nowhere. It is sent once.

    By mail it goes to those recipients who may have it now.
    """
    known = ExportFile.objects.select_related("schedule__template")
    export = known.select_for_update(of=("self",)).get(pk=export.pk)
    schedule = export.schedule
    if export.delivered_at is not None or schedule is None:
        return export.delivery
    if schedule.only_with_rows and not export.rows:
        went = [_("nowhere: there are no rows")]
    else:
        went = [*_put(export, schedule), *_mailed(export, schedule)]
    export.delivery, export.delivered_at = ", ".join(went), timezone.now()
    export.save(update_fields=["delivery", "delivered_at"])
    if export.intended_for is not None:
        note_arrival(plan=schedule, intended_for=export.intended_for)
    return export.delivery


def _put(export: ExportFile, schedule: ExportSchedule) -> list[str]:
    """Put an export into the export folder, if it belongs there; return where it is.

    Nothing is written over. A file of that name with the same contents is what was put there before the work was
    interrupted.
    """
    if not schedule.to_folder:
        return []
    require(can_put(schedule))
    folder: Any = export_place()
    name = export.filename
    if not (folder.exists(name) and _checksum(folder, name) == export.sha256):
        with export.path.open("rb") as file:
            name = folder.save(name, File(file, name=name))
    return [folder.words(name)]


def _checksum(folder: Place, name: str) -> str:
    with folder.open(name) as file:
        found = hashlib.sha256()
        for chunk in file.chunks():
            found.update(chunk)
        return found.hexdigest()


def _mailed(export: ExportFile, schedule: ExportSchedule) -> list[str]:
    """Mail an export to those of the recipients who may have it now; return who they are."""
    if not schedule.recipients:
        return []
    allowed = {user.email for user in recipients_of(schedule.template)}
    permitted = [email for email in schedule.recipients if email in allowed]
    if not permitted:
        return [_("by mail to nobody: none of the recipients may have it")]
    mail_file(export, permitted, schedule.title, template="desk/export_mail", context={"export": export})
    return permitted
