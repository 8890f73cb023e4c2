"""From a file and what is asked of it to checked staging tables, and back to those of an earlier check."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.spreadsheets.engine import Outcome, check_sheet
from backoffice.spreadsheets.mapping import build_mapping
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.notation import Notation, detected_notation
from backoffice.spreadsheets.progress import Watch, unwatched
from backoffice.spreadsheets.proposals import examples_of, propose_by_values
from backoffice.spreadsheets.readers import Layout, Row, Sheet, UnreadableFile, open_sheet, try_to_read
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.resources import RowRules, SheetResource
from backoffice.spreadsheets.staging import Stage, stage_tables

# How the file is taken apart, how its cells are written, and what its rows may do.
READING_OPTIONS = ("encoding", "delimiter", "sheet", "header_row")
NOTATION_OPTIONS = ("decimal", "date_order")
KEY = "key"
ROW_OPTIONS = (KEY, "mode", "blanks")
OPTIONS = (*READING_OPTIONS, *NOTATION_OPTIONS, *ROW_OPTIONS)
SAMPLE_ROWS = 500


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
def checked(request: Request, token: str, watch: Watch = unwatched) -> Iterator[tuple["Opened", Stage, Outcome]]:
    """Stage and check the file of a request, under the name `token`."""
    resource = resource_asked(request.resource, request.options)
    resource.rules = row_rules(resource, request.options)
    with opened(request) as sheet:
        found = Opened.of(resource, sheet, request)
        mapping = build_mapping(
            resource.columns,
            sheet.headers,
            mapped=request.mapped,
            constants=request.constants,
            replaced=request.replaced,
            notation=found.notation,
        )
        stage = Stage(token, mapping, watch)
        yield found, stage, replace(check_sheet(resource, sheet, stage), read=found.read)


def opened(request: Request) -> Sheet:
    """Open the file of a request."""
    return open_sheet(request.path, filename=request.filename, **reading_of(request))


def tried(request: Request) -> Request:
    """Return a request whose file another process could read, so that this one may; raises UnreadableFile."""
    try_to_read(request.path, filename=request.filename, rows=SAMPLE_ROWS, **reading_of(request))
    return request


def reading_of(request: Request) -> dict[str, Any]:
    """Return how a request wants its file taken apart."""
    chosen = chosen_options(request.options)
    return {name: chosen[name] for name in READING_OPTIONS if name in chosen}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An open sheet with its first rows, which stay to be read, and the notation that holds for it."""

    resource: SheetResource
    sheet: Sheet
    sample: list[Row]
    notation: Notation

    @classmethod
    def of(cls, resource: SheetResource, sheet: Sheet, request: Request) -> "Opened":
        """Look at the first rows of `sheet`; what the request says of the notation wins over what they show."""
        sample = take_sample(sheet)
        seen, options = detected_notation(row.cells for row in sample), request.options
        decimal = options.get("decimal") or seen.decimal
        notation = Notation(
            decimal=decimal,
            date_order=options.get("date_order") or seen.date_order,
            doubtful=not decimal and sheet.delimiter == ";",
        )
        return cls(resource=resource, sheet=sheet, sample=sample, notation=notation)

    @property
    def read(self) -> dict[str, Any]:
        """How the file is read, by the names of the options."""
        return how_read(detected_in(self.sheet, self.sheet.headers) | vars(self.notation))

    def facts(self) -> dict[str, Any]:
        """Return what an import keeps of the file."""
        return {
            **detected_in(self.sheet, self.sheet.headers),
            **vars(self.notation),
            "examples": examples_of(self.sheet.headers, self.sample),
            "proposed": propose_by_values(self.resource, self.sheet.headers, self.sample, self.notation),
        }


def how_read(detected: Mapping[str, Any]) -> dict[str, Any]:
    """Return of what was detected in a file how it is read, by the names of the options."""
    return {name: detected.get(name) for name in ("kind", *READING_OPTIONS, *NOTATION_OPTIONS)}


def take_sample(sheet: Sheet) -> list[Row]:
    """Return the first rows of a sheet and put them back; damage among them shows when they are read again."""
    sample: list[Row] = []
    rest = sheet.rows
    try:
        for row in islice(sheet.rows, SAMPLE_ROWS):
            sample.append(row)  # noqa: PERF402 - what was read before the damage stays
    except UnreadableFile as error:
        rest = map(_raise, [error])
    sheet.rows = chain(sample, rest)
    return sample


def _raise(error: UnreadableFile) -> Row:
    raise error


def chosen_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options that say how a file is understood."""
    return {name: options[name] for name in OPTIONS if options.get(name)}


def row_rules(resource: SheetResource, options: Mapping[str, Any]) -> RowRules:
    """Return what the rows may do, as chosen. Raises ValidationError where this kind of sheet leaves no choice."""
    rules = RowRules(mode=options.get("mode") or "", blanks=options.get("blanks") or "")
    if rules != RowRules() and not resource.chooses_rules:
        message = _("%(kind)s leave no choice of what new, known and blank mean. Leave mode and blanks out.")
        raise ValidationError(message % {"kind": resource.title})
    return rules


def resource_asked(name: str, options: Mapping[str, Any]) -> SheetResource:
    """Return the resource called `name`, whose rows are found by the key that the options choose."""
    return get_resource(name, key=options.get(KEY) or "")


def resource_of(job: ImportJob) -> SheetResource:
    """Return the resource of an import, whose rows are found by the key that was chosen for it."""
    return resource_asked(job.resource, job.options)


def request_of(job: ImportJob, *, options: Mapping[str, Any]) -> Request:
    """Return the request that an import stands for, its columns not mapped yet."""
    return Request(
        resource=job.resource,
        path=Path(job.file.path),
        filename=job.filename,
        options=options,
    )


def stage_of(job: ImportJob, watch: Watch = unwatched) -> Stage:
    """Return the stage of the check, with its mapping and no other: what was left out stays out."""
    columns = resource_of(job).columns
    mapped = {field: job.mapping.get(field, "") for field in columns if field not in job.constants}
    mapping = build_mapping(columns, job.detected["headers"], mapped=mapped, constants=job.constants)
    return Stage(job.token, mapping, watch)


def stage_again(job: ImportJob, watch: Watch = unwatched) -> Stage:
    """Return the staging tables of the check. A crash of the database empties them; then the check is void."""
    stage = stage_of(job, watch)
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
