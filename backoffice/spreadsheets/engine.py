"""Check and apply: the two halves of every import.

The check stages the file's rows, refuses what is wrong and works out in SQL what each table becomes. Applying runs one
INSERT and one UPDATE a table, on locked rows that are as they were at the check, in the caller's transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, models
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.errors import UniqueViolation

from backoffice.changes.models import ChangeSet
from backoffice.spreadsheets.guards import effects_of, field_counts, tripped_guards
from backoffice.spreadsheets.merging import CREATE, UPDATE, Merge, conflict_sentence
from backoffice.spreadsheets.readers import Sheet
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.serving import ServiceResource
from backoffice.spreadsheets.staging import Stage

PROBLEMS_SHOWN = 100
SAMPLES_SHOWN = 20
# Sorts and hash tables of half a million rows stay in memory with this much.
WORK_MEM = "128MB"


class ImportConflict(ValidationError):
    """What was checked cannot be applied any more, because rows changed since. Nothing was written.

    `conflicts` are the rows, with what each was at the check, is now and would have become.
    """

    def __init__(self, message: str, conflicts: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.conflicts = list(conflicts)


class WrongCounts(Exception):
    """The database changed other rows than the check had counted: a fault of the program. Nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check found, in counts of rows of the file, and by table in counts of its rows."""

    rows: int
    create: int
    update: int
    unchanged: int
    refused: int
    tables: dict[str, dict[str, int]]
    problems: list[dict[str, Any]]
    problem_groups: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    guards: list[dict[str, Any]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    field_counts: list[dict[str, Any]] = field(default_factory=list)
    read: dict[str, Any] = field(default_factory=dict)
    """How the file was read, as detected or as told."""

    @property
    def changes_something(self) -> bool:
        """Whether applying it would write anything."""
        return any(counts[CREATE] or counts[UPDATE] for counts in self.tables.values())


NOTHING_FOUND = Outcome(rows=0, create=0, update=0, unchanged=0, refused=0, tables={}, problems=[])


def check_sheet(resource: SheetResource, sheet: Sheet, stage: Stage) -> Outcome:
    """Stage the rows of `sheet` and return what they would do. Writes to the staging tables only."""
    _prepare_session()
    stage.load(sheet, resource.columns)
    stage.watch(_("Comparing with what is here"), 0, 0)
    resource.build(stage)
    [(refused,)] = stage.fetch(f"SELECT count(DISTINCT row) FROM {stage.problems}")
    merges = resource.merges(stage)
    shown = resource.shown_merge(merges)
    return Outcome(
        rows=stage.loaded_rows,
        refused=refused,
        **resource.row_counts(stage),
        tables={merge.name: merge.counts() for merge in merges},
        problems=problems_of(stage),
        problem_groups=_problem_groups(stage),
        samples=[sample for action in (UPDATE, CREATE) for sample in shown.samples(action, SAMPLES_SHOWN)],
        ignored=stage.mapping.ignored,
        guards=tripped_guards(resource.slug, resource.guards, shown, stage),
        effects=effects_of(resource.effects, shown, stage),
        field_counts=field_counts(merges, resource.labels()),
        read={},
    )


def apply_stage(resource: SheetResource, stage: Stage, tables: dict[str, dict[str, int]]) -> int:
    """Merge the accepted rows of a checked stage and return the id of the change set.

    Runs in the caller's transaction, under the caller's `recording`. `tables` are the counts of the check. Raises
    ImportConflict if a row changed since, and WrongCounts if other rows were changed than counted.
    """
    _prepare_session()
    _take_turn()
    if isinstance(resource, ServiceResource):
        return _serve(resource, stage, tables)
    merges = resource.merges(stage)
    stage.watch(_("Comparing with what is here"), 0, 0)
    for merge in merges:
        merge.lock()
    _refuse_conflicts(merges)
    with _explained_constraints(merges):
        _write(merges, stage, tables)
        resource.finish(stage)
        _check_constraints_now()
    return _recorded_set(merges, tables)


def _write(merges: list[Merge], stage: Stage, tables: dict[str, dict[str, int]]) -> None:
    """Write table by table, and tell after each batch how many rows there are.

    Where triggers change the rows of a merge that follows, they do so once: in one statement.
    """
    done, total = 0, sum(tables[merge.name][action] for merge in merges for action in merge.writes)
    at_once = any(merge.follows for merge in merges)
    stage.watch(_("Writing"), done, total)
    for merge in merges:
        merge.run_prepared()
        for action in merge.writes:
            changed = 0
            for count in merge.write(action, tables[merge.name][action], at_once=at_once):
                changed, done = changed + count, done + count
                stage.watch(_("Writing"), done, total)
            _expect(merge, action, changed, tables)
            if action == CREATE:
                merge.tell_planner(changed)


def _serve(resource: ServiceResource, stage: Stage, tables: dict[str, dict[str, int]]) -> int:
    try:
        done = resource.serve(stage)
        _check_constraints_now()
    except ValidationError as error:
        raise ImportConflict(_("Nothing was written. %(reason)s") % {"reason": " ".join(error.messages)}) from error
    [merge] = resource.merges(stage)
    _expect(merge, CREATE, done, tables)
    with connection.cursor() as cursor:
        cursor.execute("SELECT changes_current_set()")
        return int(cursor.fetchone()[0])


def problems_of(stage: Stage, limit: int = PROBLEMS_SHOWN) -> list[dict[str, Any]]:
    """Return the first problems by row, each with row, column, value, rule and message."""
    rows = stage.fetch(
        f"SELECT row, header, value, rule, message FROM {stage.problems} ORDER BY row, header LIMIT {limit}"
    )
    names = ("row", "column", "value", "rule", "message")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _problem_groups(stage: Stage) -> list[dict[str, Any]]:
    rows = stage.fetch(
        "SELECT header, rule, count(*), min(message), (array_agg(row ORDER BY row))[1:10]"
        f" FROM {stage.problems} GROUP BY header, rule ORDER BY count(*) DESC, header, rule"
    )
    names = ("column", "rule", "count", "message", "rows")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _prepare_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")


def _take_turn() -> None:
    """Wait until no other import writes: two that create the same rows would otherwise wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('backoffice.spreadsheets.apply'))")


def _refuse_conflicts(merges: list[Merge]) -> None:
    found = [conflict for merge in merges for conflict in merge.conflicts(PROBLEMS_SHOWN)]
    if found:
        sentences = [conflict_sentence(conflict["key"]) for conflict in found[:3]]
        if len(found) > len(sentences):
            more = len(found) - len(sentences)
            sentences.append(ngettext("And %(count)d more.", "And %(count)d more.", more) % {"count": more})
        raise ImportConflict(" ".join(sentences), found[:PROBLEMS_SHOWN])


def _expect(merge: Merge, action: str, changed: int, tables: dict[str, dict[str, int]]) -> None:
    if changed != tables[merge.name][action]:
        raise WrongCounts(f"{merge.name}: {action} {tables[merge.name][action]} counted, {changed} done")


def _check_constraints_now() -> None:
    """Meet deferred constraints here, where a violation can still be explained."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _recorded_set(merges: list[Merge], tables: dict[str, dict[str, int]]) -> int:
    """Return the open change set, having compared what history recorded with what was announced."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT changes_current_set()")
        [pk] = cursor.fetchone()
    expected: dict[str, dict[str, int]] = {}
    for merge in merges:
        counts = {"+": tables[merge.name][CREATE], "~": tables[merge.name][UPDATE]}
        if any(counts.values()):
            expected[merge.label] = {symbol: count for symbol, count in counts.items() if count}
    recorded = ChangeSet.objects.get(pk=pk).counts
    if recorded != expected:
        raise WrongCounts(f"history recorded {recorded}, counted were {expected}")
    return int(pk)


@contextmanager
def _explained_constraints(merges: list[Merge]) -> Iterator[None]:
    """Turn a violated constraint into the sentence that its model has for it."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
        sentences = {
            constraint.name: constraint.get_violation_error_message()
            for merge in merges
            for constraint in _constraints(merge.model)
        }
        reason = sentences.get(name, _("A row of the same key was added meanwhile: check the file again."))
        if name not in sentences and not isinstance(error.__cause__, UniqueViolation):
            raise
        raise ImportConflict(_("Nothing was written. %(reason)s") % {"reason": reason}) from error
    except DataError as error:
        message = _("Nothing was written. A sum of the file's amounts is larger than the desk keeps. Correct them.")
        raise ImportConflict(message) from error


def _constraints(model: type[models.Model]) -> list[models.BaseConstraint]:
    return list(model._meta.constraints)
