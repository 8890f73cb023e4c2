"""What happens to an export: asked for, made, fetched, let go."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.models import TrackedModel
from backoffice.changes.refusals import NOT_ALLOWED, Refusal, refuse_if, require
from backoffice.changes.services import service
from backoffice.spreadsheets.exports import Exported, write_rows
from backoffice.spreadsheets.kept import let_go
from backoffice.spreadsheets.models import ExportFile, ExportTemplate
from backoffice.spreadsheets.registry import get_resource

FOLDER = "exports"
# What no name of a file holds, on one machine or another.
UNFIT = re.compile(r"[\\/:*?\"<>|\x00-\x1f]")


def permissions_of(model_label: str, sheet: str) -> tuple[str, ...]:
    """Return the permissions that it takes to let such rows leave the desk, all of them."""
    if sheet:
        return get_resource(sheet).export_permissions
    model: type[TrackedModel] = apps.get_model(model_label)
    return model.export_permissions()


def can_export(model_label: str, sheet: str, user: Any) -> Refusal | None:
    """Return why `user` may not let such rows leave the desk."""
    if user.is_active and user.has_perms(permissions_of(model_label, sheet)):
        return None
    return Refusal(_("Your role does not allow exporting this. Ask a manager."), code=NOT_ALLOWED)


def can_fetch(export: ExportFile, user: Any) -> Refusal | None:
    """Return why `user` may not have the file now.

    It is its owner's, and theirs whom its schedule sends it to, as long as they may export such rows.
    """
    if export.owner_id != user.pk and user.email not in export.recipients:
        return Refusal(_("This file is somebody else's. Export the rows yourself."), code=NOT_ALLOWED)
    return can_export(export.model_label, export.sheet, user)


@transaction.atomic
def request_export(*, actor: User, template: ExportTemplate | None = None, **asked: Any) -> ExportFile:
    """Record that `actor` wants rows to leave the desk; the file is made by `make_export`.

    `asked` are the fields of AskedRows, `keys` for a selection, and which date of which schedule it is for. Raises
    RefusedError.
    """
    require(can_export(asked["model_label"], asked["sheet"], actor))
    needed = permissions_of(asked["model_label"], asked["sheet"])
    personal = {apps.get_model(asked["model_label"]).personal_permission} & {*needed} - {""}
    return ExportFile.objects.create(owner=actor, template=template, personal=bool(personal), **asked)


@transaction.atomic
def make_export(
    *,
    export: ExportFile,
    name: str,
    rows: QuerySet[Any],
    columns: Mapping[str, Exported],
    watch: Callable[[int], None] | None = None,
) -> ExportFile:
    """Write the file of an export and note what came out. Its owner must still be allowed to have it.

    Raises RefusedError, or UnwritableFile when the format cannot hold the rows; then there is no file.
    """
    known = ExportFile.objects.select_related("owner", "schedule")
    export = known.select_for_update(of=("self",)).get(pk=export.pk)
    require(can_export(export.model_label, export.sheet, export.owner))
    at = timezone.localtime(export.intended_for)
    export.filename = f"{UNFIT.sub('-', name)} {at:%Y-%m-%d %H.%M}.{export.format}"
    export.choose_place(FOLDER, export.format)
    export.rows = write_rows(rows, columns, export.path, watch=watch)
    export.note_contents(days=settings.EXPORT_KEEP_DAYS)
    export.state, export.error = ExportFile.State.MADE, ""
    export.save()
    return export


@transaction.atomic
def fail_export(*, export: ExportFile, error: str) -> None:
    """Note why there is no file."""
    ExportFile.objects.filter(pk=export.pk, state=ExportFile.State.QUEUED).update(
        state=ExportFile.State.FAILED, error=error
    )


@transaction.atomic
def note_fetched(*, export: ExportFile) -> None:
    """Note that somebody fetched the file who may."""
    ExportFile.objects.filter(pk=export.pk).update(fetched_at=Now())


@transaction.atomic
def forget_export(*, export: ExportFile, actor: User) -> None:
    """Delete the file of an export of one's own; that it was made stays on record."""
    require(refuse_if(export.owner_id != actor.pk, _("This file is somebody else's.")))
    let_go(ExportFile.objects.filter(pk=export.pk))


def expire_exports(*, at: datetime) -> int:
    """Delete the files that are kept no longer; that they were made stays on record. Return how many."""
    return let_go(ExportFile.objects.outdated(at=at))


@service
def save_template(*, actor: User, name: str, shared: bool, asked: Mapping[str, Any]) -> ExportTemplate:
    """Keep an export under a name, to be had again; a name of one's own is written over.

    Raises RefusedError when the name is somebody else's, or `actor` may not export such rows.
    """
    require(can_export(asked["model_label"], asked["sheet"], actor))
    known = ExportTemplate.objects.filter(name=name).select_for_update().first()
    if known is not None:
        taken = _("Somebody else has a template called “%(name)s”. Choose another name.") % {"name": name}
        require(refuse_if(known.owner_id != actor.pk, taken))
    template: ExportTemplate = known or ExportTemplate(owner=actor, name=name)
    for field, value in {**asked, "shared": shared}.items():
        setattr(template, field, value)
    template.save()
    return template


def columns_named(columns: Mapping[str, Exported], names: Sequence[str]) -> dict[str, Exported]:
    """Return the columns called so, in that order; those that there are no more are left out."""
    return {name: columns[name] for name in names if name in columns}
