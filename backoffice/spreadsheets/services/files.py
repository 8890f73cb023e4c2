"""From a file and what is asked of it to checked staging tables, and back to those of an earlier check."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.spreadsheets.engine import Outcome, check_sheet
from backoffice.spreadsheets.mapping import build_mapping
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.readers import Layout, Sheet, open_sheet
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.staging import Stage, stage_tables

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


@contextmanager
def checked(request: Request, token: str) -> Iterator[tuple[Sheet, Stage, Outcome]]:
    """Stage and check the file of a request, under the name `token`."""
    resource = get_resource(request.resource)
    with opened(request) as sheet:
        mapping = build_mapping(
            resource.columns,
            sheet.headers,
            mapped=request.mapped,
            constants=request.constants,
            replaced=request.replaced,
        )
        stage = Stage(token, mapping)
        yield sheet, stage, check_sheet(resource, sheet, stage)


def opened(request: Request) -> Sheet:
    """Open the file of a request."""
    return open_sheet(request.path, filename=request.filename, **chosen_options(request.options))


def chosen_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options that say how a file is read."""
    return {name: options[name] for name in READING_OPTIONS if options.get(name)}


def request_of(job: ImportJob, *, options: Mapping[str, Any]) -> Request:
    """Return the request that an import stands for, its columns not mapped yet."""
    return Request(
        resource=job.resource,
        path=Path(job.file.path),
        filename=job.filename,
        options=options,
    )


def stage_of(job: ImportJob) -> Stage:
    """Return the stage of the check, with its mapping and no other: what was left out stays out."""
    columns = get_resource(job.resource).columns
    mapped = {field: job.mapping.get(field, "") for field in columns if field not in job.constants}
    return Stage(job.token, build_mapping(columns, job.detected["headers"], mapped=mapped, constants=job.constants))


def stage_again(job: ImportJob) -> Stage:
    """Return the staging tables of the check. A crash of the database empties them; then the check is void."""
    stage = stage_of(job)
    if f"{job.token}_rows" not in stage_tables() or _count(stage.rows, stage) != job.rows:
        raise ValidationError(_("What the check had prepared is gone. Check the file again; nothing was written."))
    return stage


def _count(table: str, stage: Stage) -> int:
    return int(stage.fetch(f"SELECT count(*) FROM {table}")[0][0])


def detected_in(layout: Layout, headers: Sequence[str]) -> dict[str, Any]:
    """Return what was found out about a file, as an import keeps it."""
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
