"""What an undo would do, in figures and examples."""

from dataclasses import dataclass
from typing import Any

from django.db import models

from backoffice.changes.diff import ObjectChange, history_of, planned_change, told_fields
from backoffice.changes.models import ChangeSet
from backoffice.changes.naming import labels_of
from backoffice.changes.rules import RECREATE, REMOVE, RESTORE
from backoffice.changes.undo.compensation import Compensated
from backoffice.changes.undo.plans import Plan, active, rows_of

TALLY = """
    SELECT
        count(*) FILTER (WHERE {restored}), count(*) FILTER (WHERE {recreated}), count(*) FILTER (WHERE {removed}),
        count(*) FILTER (WHERE plan.partial AND {restored}),
        count(*) FILTER (WHERE plan.action = 'already'),
        count(*) FILTER (WHERE plan.conflict AND plan.problem IS NULL),
        count(*) FILTER (WHERE plan.problem IS NOT NULL)
    FROM {plan} AS plan
"""
CONFLICTS = """
    SELECT key, before_id, last_id, touched FROM {plan}
    WHERE conflict AND problem IS NULL ORDER BY key LIMIT %s
"""
NEWEST = """
    SELECT DISTINCT ON ({key}) {key}, change_set_id FROM {history}
    WHERE {key} = ANY(%s) ORDER BY {key}, history_id DESC
"""
WRITTEN = "SELECT key FROM {plan} AS plan WHERE {active} ORDER BY key LIMIT %s"
ROWS_WRITTEN = "SELECT * FROM {rows} WHERE {key} = ANY(%s)"
REFUSALS = "SELECT key, problem, other FROM {plan} WHERE problem IS NOT NULL ORDER BY key LIMIT %s"


@dataclass(frozen=True, slots=True)
class ConflictField:
    """A field of a conflicting object: before the set, after it, and now; `free` when only the set changed it."""

    field: Any
    before: Any
    after: Any
    now: Any
    free: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """An object that changed since, with both versions. `changed_by` is the change set of its newest version."""

    model: type[models.Model]
    pk: Any
    label: str
    kind: str
    changed_by: int
    fields: tuple[ConflictField, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that stays as it is, and the sentence that says why and what to do."""

    model: type[models.Model]
    pk: Any
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ModelUndo:
    """How many objects of one model are restored (of these, `partly` by field), re-created and removed; `compensated`
    are opposite rows written, `already` those as they were before, `conflicts` and `refusals` those left alone."""

    model: type[models.Model]
    restored: int = 0
    recreated: int = 0
    removed: int = 0
    partly: int = 0
    already: int = 0
    conflicts: int = 0
    refusals: int = 0
    compensated: int = 0

    @property
    def writes(self) -> int:
        """How many objects the undo would write."""
        return self.restored + self.recreated + self.removed + self.compensated


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing `change_set` would do now; `written`, `conflicts` and `refusals` hold the first of each model."""

    change_set: ChangeSet
    models: tuple[ModelUndo, ...]
    written: tuple[ObjectChange, ...]
    conflicts: tuple[Conflict, ...]
    refusals: tuple[Refused, ...]
    undone_by: tuple[ChangeSet, ...]

    def total(self, name: str) -> int:
        """Return the sum of a figure of `ModelUndo` over all models."""
        return sum(getattr(each, name) for each in self.models)

    @property
    def writes(self) -> int:
        """How many objects the undo would write."""
        return self.total("writes")

    @property
    def leaves_some(self) -> bool:
        """Whether objects, or fields of them, stay as the change made them."""
        return any(self.total(name) for name in ("conflicts", "refusals", "partly"))


def tally_of(plan: Plan) -> ModelUndo:
    """Return the figures of a plan."""
    statement = TALLY.format(
        plan=plan.name,
        restored=active("plan", RESTORE),
        recreated=active("plan", RECREATE),
        removed=active("plan", REMOVE),
    )
    ((restored, recreated, removed, partly, already, conflicts, refusals),) = rows_of(statement)
    return ModelUndo(plan.shape.model, restored, recreated, removed, partly, already, conflicts, refusals)


def written_of(plan: Plan, size: int) -> list[ObjectChange]:
    """Return the first objects that a plan would write, as they are now and as they would be."""
    model = plan.shape.model
    keys = [key for (key,) in rows_of(WRITTEN.format(plan=plan.name, active=active("plan")), [size])]
    living = model._base_manager.in_bulk(keys)
    planned = {row.pk: row for row in model._base_manager.raw(ROWS_WRITTEN.format(**plan.names), [keys])}
    labels = labels_of(model, keys)
    return [planned_change(model, key, labels.get(key, ""), living.get(key), planned.get(key)) for key in keys]


def conflicts_of(plan: Plan, size: int) -> list[Conflict]:
    """Return the first conflicts of a plan with the versions that the person has to choose from."""
    model = plan.shape.model
    found = rows_of(CONFLICTS.format(plan=plan.name), [size])
    keys = [key for key, *_rest in found]
    rows = history_of(model).in_bulk([version for _k, *ids, _t in found for version in ids if version is not None])
    living = model._base_manager.in_bulk(keys)
    labels = labels_of(model, keys)
    newest = dict(rows_of(NEWEST.format(**plan.names), [keys]))
    conflicts = []
    for key, before_id, last_id, touched in found:
        versions = (rows.get(before_id), _row(rows[last_id]), living.get(key))
        fields = _fields(model, (_row(versions[0]), *versions[1:]), touched)
        conflicts.append(Conflict(model, key, labels.get(key, ""), _kind(versions), newest[key], fields))
    return conflicts


def refusals_of(plan: Plan, size: int) -> list[Refused]:
    """Return the first refusals of a plan, each in its sentence."""
    found = rows_of(REFUSALS.format(plan=plan.name), [size])
    labels = labels_of(plan.shape.model, [key for key, *_rest in found])
    others = _labels_of_others(plan, found)
    return [
        Refused(
            plan.shape.model,
            key,
            labels.get(key, ""),
            plan.problems[problem].sentence % {"other": others.get((problem, other), other)},
        )
        for key, problem, other in found
    ]


def compensated_of(model: type[models.Model], compensated: Compensated) -> tuple[ModelUndo, list[Refused]]:
    """Return the figures and refusals of rows that opposite ones take back."""
    labels = labels_of(model, [pk for pk, _sentence in compensated.refusals])
    refused = [Refused(model, pk, labels.get(pk, ""), sentence) for pk, sentence in compensated.refusals]
    return ModelUndo(model, refusals=len(refused), compensated=compensated.rows), refused


def _labels_of_others(plan: Plan, found: list[tuple[Any, ...]]) -> dict[tuple[int, str], str]:
    names: dict[tuple[int, str], str] = {}
    for number in {problem for _key, problem, other in found if other is not None}:
        model = plan.problems[number].model
        others = {other for _key, problem, other in found if problem == number and other is not None}
        if model is not None:
            to_python = model._meta.pk.to_python
            labels = labels_of(model, [to_python(other) for other in others])
            names |= {(number, other): labels.get(to_python(other), f"#{other}") for other in others}
    return names


def _row(version: Any) -> Any:
    """Return a version as a state: a deletion is no state."""
    return None if version is None or version.history_type == "-" else version


def _kind(versions: tuple[Any, Any, Any]) -> str:
    before, after, _now = versions
    if _row(before) is None:
        return REMOVE
    return RESTORE if after is not None else RECREATE


def _fields(model: type[models.Model], versions: tuple[Any, ...], touched: list[str]) -> tuple[ConflictField, ...]:
    fields = []
    for field in told_fields(model):
        before, after, now = (getattr(version, field.attname, None) for version in versions)
        if not before == after == now:
            fields.append(ConflictField(field, before, after, now, before != after and field.column not in touched))
    return tuple(fields)
