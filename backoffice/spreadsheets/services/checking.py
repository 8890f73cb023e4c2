"""Taking a file, finding out what it would do, and giving it up."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.changes.refusals import require
from backoffice.spreadsheets.engine import NOTHING_FOUND, Outcome
from backoffice.spreadsheets.mapping import without_reasons
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.progress import Watch, unwatched
from backoffice.spreadsheets.readers import UnreadableFile
from backoffice.spreadsheets.services.files import (
    KEY,
    NOTATION_OPTIONS,
    ROW_OPTIONS,
    Opened,
    checked,
    chosen_options,
    detected_in,
    opened,
    request_of,
    resource_asked,
    tried,
)
from backoffice.spreadsheets.services.leftovers import cancelled, sweep_imports
from backoffice.spreadsheets.services.profiles import header_changes, terms_of
from backoffice.spreadsheets.services.rules import can_check, can_discard, can_import
from backoffice.spreadsheets.staging import drop_tables


@transaction.atomic
def upload_file(
    *,
    resource: str,
    file: "File[bytes]",
    filename: str,
    actor: User,
    reason: str = "",
    profile: ImportProfile | None = None,
    source: ImportJob.Source = ImportJob.Source.DESK,
) -> ImportJob:
    """Keep an uploaded file and return its import, not checked yet.

    It is understood as `profile` says, or else as the newest profile that was saved from such a file.

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
        source=source,
        profile=profile,
        options=profile.options if profile else {},
    )
    job.file.save(job.filename, file, save=False)
    try:
        job.detected = facts_of(job, options=job.options)
    except UnreadableFile as error:
        if error.layout is None:
            job.file.delete(save=False)
            raise
        job.detected = detected_in(error.layout, ())
    if profile is None and job.detected["headers"]:
        headers = without_reasons(job.detected["headers"])
        job.profile = ImportProfile.objects.made_for(headers, resource=resource).first()
        job.options = job.profile.options if job.profile else {}
    job.save()
    return job


@transaction.atomic
def read_again(*, job: ImportJob, actor: User | None, options: Mapping[str, Any]) -> ImportJob:
    """Read the head of the file with other `options` and keep them; what an earlier check found is void then.

    How rows are found and what they may do stays as it was.

    Raises UnreadableFile, when all stays as it was, and RefusedError.
    """
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_check(job, actor))
    job.detected = facts_of(job, options=options)
    drop_tables(job.token)
    _keep_outcome(job, NOTHING_FOUND)
    kept = {name: job.options[name] for name in ROW_OPTIONS if name in job.options}
    job.options, job.mapping, job.constants, job.replaced = kept | chosen_options(options), {}, {}, {}
    if job.profile and header_changes(job.profile, job.detected["headers"]).missing:
        job.profile = None
    job.state, job.checked_at = ImportJob.State.UPLOADED, None
    job.save()
    return job


def check_as_before(*, job: ImportJob) -> tuple[ImportProfile | ImportJob | None, dict[str, Any]]:
    """Return the profile of an import, or the newest import applied from such a file, and what `check_import` takes.

    The rows that an import refused are understood as they were there, applied or not. Where there is nothing like it,
    the names of the columns decide. A field that was left out then is left out again.
    """
    if job.profile is not None:
        return job.profile, terms_of(job.profile, job.options)
    headers = job.detected["headers"]
    own = without_reasons(headers)
    alike = ImportJob.objects.understood_like(resource=job.resource, headers=own)
    known: tuple[str, ...] = NOTATION_OPTIONS + ROW_OPTIONS
    if own == headers:
        alike, known = alike.applied(), (KEY,)
    earlier = alike.first()
    if earlier is None:
        return None, {}
    options = {name: earlier.options[name] for name in known if name in earlier.options} | job.options
    return earlier, terms_of(earlier, options) | {"options": options}


@transaction.atomic
def check_import(
    *,
    job: ImportJob,
    actor: User | None,
    mapped: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    replaced: Mapping[str, Mapping[str, str]] | None = None,
    options: Mapping[str, Any] | None = None,
    watch: Watch = unwatched,
) -> ImportJob:
    """Read the whole file, stage it, and keep on the import what it would do. Writes nothing else.

    May be repeated with another mapping, or with `options` of reading in place of those kept. `watch` is told how far
    it is.
    Raises WrongMapping, UnreadableFile and RefusedError.
    """
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_check(job, actor))
    drop_tables(job.token)
    chosen = job.options if options is None else chosen_options(options)
    request = replace(
        request_of(job, options=chosen), mapped=mapped or {}, constants=constants or {}, replaced=replaced or {}
    )
    with checked(request, job.token, watch) as (found, stage, outcome):
        _keep_outcome(job, outcome)
    job.detected = found.facts()
    job.mapping, job.constants, job.options = stage.mapping.headers, dict(request.constants), chosen
    job.replaced = {name: dict(words) for name, words in request.replaced.items()}
    job.state, job.checked_at = ImportJob.State.CHECKED, timezone.now()
    job.save()
    return job


@transaction.atomic
def discard_import(*, job: ImportJob, actor: User | None) -> ImportJob:
    """Give an import up; its file stays for the record."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_discard(job, actor))
    return cancelled(job)


def facts_of(job: ImportJob, *, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the head of an import's file shows when it is read with `options`. Raises UnreadableFile."""
    request = tried(request_of(job, options=options))
    with opened(request) as sheet:
        return Opened.of(resource_asked(job.resource, options), sheet, request).facts()


def _keep_outcome(job: ImportJob, outcome: Outcome) -> None:
    job.rows, job.created, job.updated = outcome.rows, outcome.create, outcome.update
    job.unchanged, job.refused, job.tables = outcome.unchanged, outcome.refused, outcome.tables
    job.problems, job.problem_groups, job.samples = outcome.problems, outcome.problem_groups, outcome.samples
    job.guards, job.effects, job.field_counts = outcome.guards, outcome.effects, outcome.field_counts
    job.conflicts, job.approval_asked_at = [], None


def _sha256(file: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
