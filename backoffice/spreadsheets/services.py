"""What happens to an import: upload, check, confirm, discard; and the same in one go for commands."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal, lacks, refuse_if, require
from backoffice.spreadsheets.engine import NOTHING_FOUND, Outcome, apply_stage, check_sheet
from backoffice.spreadsheets.errorfiles import Watch, unwatched, write_error_file
from backoffice.spreadsheets.mapping import build_mapping
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.readers import Layout, Sheet, UnreadableFile, open_sheet
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.staging import Stage, drop_tables, stage_tables

REFUSED = "refused"
READING_OPTIONS = ("encoding", "delimiter", "sheet", "header_row")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to import and how: headers, fixed values and replaced words, each by field, and how the file is read."""

    resource: str
    path: Path
    filename: str
    mapped: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def can_import(resource: str, user: User | None) -> Refusal | None:
    """Whether `user` may import this kind of spreadsheet."""
    return lacks(
        user,
        get_resource(resource).import_permission,
        _("Your role does not allow importing %(kind)s. Ask a manager.") % {"kind": get_resource(resource).title},
    )


def can_work_on(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether `user` may see, check and discard this import: its owner may, and who may change all imports."""
    if user is None or job.owner_id == user.pk:
        return None
    return lacks(user, "spreadsheets.change_importjob", _("This import is a colleague's. Ask them, or a manager."))


def can_confirm(job: ImportJob, user: User | None, *, only_valid: bool = False) -> Refusal | None:
    """Whether the import may be applied as it was checked."""
    return (
        can_work_on(job, user)
        or can_import(job.resource, user)
        or refuse_if(job.state != ImportJob.State.CHECKED, _("Only a checked import can be applied. Check it first."))
        or refuse_if(not job.changes_something, _nothing_to_apply(job))
        or refuse_if(
            bool(job.refused) and not only_valid,
            _("Some rows are refused. Correct them in the file and upload it again, or apply the good rows only."),
        )
    )


def _nothing_to_apply(job: ImportJob) -> str:
    if job.refused:
        return _("No row can be applied as the file is. Correct the refused rows in it and upload it again.")
    return _("Nothing would change: there is nothing to apply.")


def can_check(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether the import may be read and checked once more."""
    return can_work_on(job, user) or refuse_if(
        job.state not in {ImportJob.State.UPLOADED, ImportJob.State.CHECKED},
        _("This import is finished. Upload the file again to import it once more."),
    )


def can_discard(job: ImportJob, user: User | None) -> Refusal | None:
    """Whether the import may be given up."""
    waiting = {ImportJob.State.UPLOADED, ImportJob.State.CHECKED}
    return can_work_on(job, user) or refuse_if(
        job.state not in waiting, _("This import is finished; there is nothing to discard.")
    )


@transaction.atomic
def upload_file(*, resource: str, file: "File[bytes]", filename: str, actor: User, reason: str = "") -> ImportJob:
    """Keep an uploaded file and return its import, not checked yet.

    The file is opened once, so that one that cannot be read is refused now; a table that may be readable with another
    sheet, encoding, delimiter or header row is kept, and has no headers yet. Raises UnreadableFile and RefusedError.
    """
    require(can_import(resource, actor))
    sweep_imports()
    job = ImportJob(
        resource=resource,
        filename=Path(filename).name[:255],
        sha256=_sha256(file),
        size=file.size,
        owner=actor,
        reason=reason,
    )
    job.file.save(job.filename, file, save=False)
    try:
        with open_sheet(Path(job.file.path), filename=job.filename) as sheet:
            job.detected = _detected(sheet, sheet.headers)
    except UnreadableFile as error:
        if error.layout is None:
            job.file.delete(save=False)
            raise
        job.detected = _detected(error.layout, ())
    job.save()
    return job


@transaction.atomic
def read_again(*, job: ImportJob, actor: User | None, options: Mapping[str, Any]) -> ImportJob:
    """Read the head of the file with other `options` and keep them; what an earlier check found is void then.

    Raises UnreadableFile, when all stays as it was, and RefusedError.
    """
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_check(job, actor))
    with _opened(_request(job, options=options)) as sheet:
        job.detected = _detected(sheet, sheet.headers)
    drop_tables(job.token)
    _keep_outcome(job, NOTHING_FOUND)
    job.options, job.mapping, job.constants, job.replaced = _chosen(options), {}, {}, {}
    job.state, job.checked_at = ImportJob.State.UPLOADED, None
    job.save()
    return job


def check_as_before(*, job: ImportJob) -> tuple[ImportJob | None, dict[str, Any]]:
    """Return the newest import applied from such a file, and what `check_import` takes to understand this one alike.

    Where there is none, the names of the columns decide. A field that was left out then is left out again.
    """
    earlier = ImportJob.objects.applied_like(resource=job.resource, headers=job.detected["headers"]).first()
    if earlier is None:
        return None, {}
    fields = [name for name in get_resource(job.resource).columns if name not in earlier.constants]
    mapped = {name: earlier.mapping.get(name, "") for name in fields}
    return earlier, {"mapped": mapped, "constants": earlier.constants, "replaced": earlier.replaced}


@transaction.atomic
def check_import(
    *,
    job: ImportJob,
    actor: User | None,
    mapped: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    replaced: Mapping[str, Mapping[str, str]] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ImportJob:
    """Read the whole file, stage it, and keep on the import what it would do. Writes nothing else.

    May be repeated with another mapping, or with `options` of reading in place of those kept.
    Raises WrongMapping, UnreadableFile and RefusedError.
    """
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_check(job, actor))
    drop_tables(job.token)
    chosen = job.options if options is None else _chosen(options)
    request = replace(
        _request(job, options=chosen), mapped=mapped or {}, constants=constants or {}, replaced=replaced or {}
    )
    with _checked(request, job.token) as (sheet, stage, outcome):
        _keep_outcome(job, outcome)
    job.detected = _detected(sheet, sheet.headers)
    job.mapping, job.constants, job.options = stage.mapping.headers, dict(request.constants), chosen
    job.replaced = {name: dict(words) for name, words in request.replaced.items()}
    job.state, job.checked_at = ImportJob.State.CHECKED, timezone.now()
    job.save()
    return job


def confirm_import(*, job: ImportJob, actor: User | None, only_valid: bool = False, reason: str = "") -> ImportJob:
    """Apply a checked import exactly as it was shown, all of it or, with `only_valid`, the rows not refused.

    All in one transaction and one change set. Raises ImportConflict if a row to change was changed since the check;
    then nothing is written, and the import waits to be checked again.
    """
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job.pk)
        require(can_confirm(job, actor, only_valid=only_valid))
        resource, stage = get_resource(job.resource), _stage_again(job)
        words = reason or job.reason
        with recording(kind=ChangeSet.Kind.IMPORT, actor=actor, reason=words, source=job.filename):
            job.change_set_id = apply_stage(resource, stage, job.tables)
        stage.drop(but="problems" if job.refused else "")
        job.state, job.only_valid, job.finished_at = ImportJob.State.APPLIED, only_valid, timezone.now()
        job.reason = words
        job.save()
    return job


@transaction.atomic
def discard_import(*, job: ImportJob, actor: User | None) -> ImportJob:
    """Give an import up; its file stays for the record."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_discard(job, actor))
    return _cancel(job)


@transaction.atomic
def sweep_imports() -> int:
    """Cancel imports that nobody confirmed in time, drop staging tables that nobody needs; return how many went.

    Refused rows can be had for as long after the others were applied.
    """
    before = timezone.now() - timedelta(days=settings.SPREADSHEET_WAITING_DAYS)
    jobs = ImportJob.objects.forgotten(before=before).order_by("pk").select_for_update(skip_locked=True)
    swept = [_cancel(job) for job in jobs]
    needed = {job.token for job in ImportJob.objects.with_tables(since=before)}
    orphans = {name.rpartition("_")[0] for name in stage_tables()} - needed
    for token in orphans:
        drop_tables(token)
    for path in kept_error_files():
        if path.name.partition(".")[0] not in needed:
            path.unlink(missing_ok=True)
    return len(swept) + len(orphans)


def kept_error_files() -> list[Path]:
    """Return the error files that jobs have written."""
    return list((Path(settings.MEDIA_ROOT) / REFUSED).glob("import_*"))


def kept_error_file(job: ImportJob, suffix: str) -> Path:
    """Return where a job writes the refused rows of the last check of an import."""
    checked = job.checked_at.strftime("%Y%m%d%H%M%S%f") if job.checked_at else ""
    return Path(settings.MEDIA_ROOT) / REFUSED / f"{job.token}.{checked}{suffix}"


@transaction.atomic
def error_file(*, job: ImportJob, actor: User | None, path: Path, watch: Watch = unwatched) -> int:
    """Write the refused rows with their reasons to `path`, by its suffix, and return how many there were.

    Raises ValidationError when the check is too long ago, and RefusedError.
    """
    require(can_work_on(job, actor))
    if f"{job.token}_problems" not in stage_tables():
        raise ValidationError(_("The refused rows of this import are not kept any more. Upload its file again."))
    with _opened(_request(job, options=job.options)) as sheet:
        return write_error_file(sheet=sheet, stage=_stage_of(job), path=path, watch=watch)


def import_file(
    *, request: Request, apply: bool, only_valid: bool = False, actor: User | None = None, reason: str = ""
) -> tuple[Outcome, int | None]:
    """Check a file and, if `apply`, write it, in one transaction; return the outcome and the change set made, if any.

    With refused rows nothing is written unless `only_valid`. Without `apply` the transaction is rolled back.
    """
    change_set = None
    with transaction.atomic():
        with _checked(request, f"run_{timezone.now():%Y%m%d%H%M%S%f}") as (_sheet, stage, outcome):
            if apply and outcome.changes_something and (only_valid or not outcome.refused):
                source = Path(request.filename).name
                with recording(kind=ChangeSet.Kind.IMPORT, actor=actor, reason=reason, source=source):
                    change_set = apply_stage(get_resource(request.resource), stage, outcome.tables)
        stage.drop()
        transaction.set_rollback(change_set is None)
    return outcome, change_set


@contextmanager
def _checked(request: Request, token: str) -> Iterator[tuple[Sheet, Stage, Outcome]]:
    resource = get_resource(request.resource)
    with _opened(request) as sheet:
        mapping = build_mapping(
            resource.columns,
            sheet.headers,
            mapped=request.mapped,
            constants=request.constants,
            replaced=request.replaced,
        )
        stage = Stage(token, mapping)
        yield sheet, stage, check_sheet(resource, sheet, stage)


def _opened(request: Request) -> Sheet:
    return open_sheet(request.path, filename=request.filename, **_chosen(request.options))


def _chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in READING_OPTIONS if options.get(name)}


def _request(job: ImportJob, *, options: Mapping[str, Any]) -> Request:
    return Request(
        resource=job.resource,
        path=Path(job.file.path),
        filename=job.filename,
        options=options,
    )


def _stage_again(job: ImportJob) -> Stage:
    """Return the staging tables of the check. A crash of the database empties them; then the check is void."""
    stage = _stage_of(job)
    if f"{job.token}_rows" not in stage_tables() or _count(stage.rows, stage) != job.rows:
        raise ValidationError(_("What the check had prepared is gone. Check the file again; nothing was written."))
    return stage


def _stage_of(job: ImportJob) -> Stage:
    """Return the stage of the check, with its mapping and no other: what was left out stays out."""
    columns = get_resource(job.resource).columns
    mapped = {field: job.mapping.get(field, "") for field in columns if field not in job.constants}
    return Stage(job.token, build_mapping(columns, job.detected["headers"], mapped=mapped, constants=job.constants))


def _count(table: str, stage: Stage) -> int:
    return int(stage.fetch(f"SELECT count(*) FROM {table}")[0][0])


def _keep_outcome(job: ImportJob, outcome: Outcome) -> None:
    job.rows, job.created, job.updated = outcome.rows, outcome.create, outcome.update
    job.unchanged, job.refused, job.tables = outcome.unchanged, outcome.refused, outcome.tables
    job.problems, job.problem_groups, job.samples = outcome.problems, outcome.problem_groups, outcome.samples


def _cancel(job: ImportJob) -> ImportJob:
    drop_tables(job.token)
    job.state, job.finished_at = ImportJob.State.CANCELLED, timezone.now()
    job.save(update_fields=["state", "finished_at"])
    return job


def _detected(layout: Layout, headers: Sequence[str]) -> dict[str, Any]:
    return {
        "kind": layout.kind,
        "unpacked": layout.unpacked,
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "sheet": layout.sheet_name,
        "sheets": list(layout.sheet_names),
        "header_row": layout.header_row,
        "headers": list(headers),
    }


def _sha256(file: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
