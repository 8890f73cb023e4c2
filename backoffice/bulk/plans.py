"""Plans: which rows, as they are now, and what would become of them. Nothing is written but the plan."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import User
from backoffice.bulk.checks import forbidden
from backoffice.bulk.guards import effects_of, warnings_for
from backoffice.bulk.models import BulkBatch, BulkProblem, BulkRun
from backoffice.bulk.operations import Edit, title_of
from backoffice.changes.naming import labels_of
from backoffice.changes.refusals import RefusedError
from backoffice.changes.services import service
from backoffice.changes.words import Words

READ_AT_ONCE = 5_000
SAMPLE = 20
LABEL_MOST = 255

Refuses = Callable[[Any], str]
Pairs = list[tuple[Any, Any]]


@dataclass
class Planned:
    """What a plan came to: rows to write with their versions, rows left alone, the first changes in words."""

    rows: list[tuple[int, Any]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    unchanged: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    prices: dict[Any, Pairs] = field(default_factory=dict)
    effect: list[dict[str, str]] = field(default_factory=list)


def rows_chosen(rows: models.QuerySet[Any]) -> list[int]:
    """Return the ids of the rows that a plan is about, frozen from here on; refuses more than a run may take."""
    most = settings.BULK_ROWS_MOST
    pks = list(rows.order_by().values_list("pk", flat=True).distinct()[: most + 1])
    if len(pks) > most:
        sentence = ngettext(
            "At most %(count)s row is worked on at once. Narrow the filters.",
            "At most %(count)s rows are worked on at once. Narrow the filters.",
            most,
        )
        raise RefusedError(sentence % {"count": f"{most:,}"})
    return sorted(pks)


class Among(models.Lookup):
    """Whether a primary key is one of many: one parameter, however many there are."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        key, params = self.process_lhs(compiler, connection)
        return f"{key} = ANY(%s::bigint[])", [*params, self.rhs]


def among(pks: Sequence[int]) -> Among:
    """Return the condition that the primary key is one of `pks`."""
    return Among(models.F("pk"), list(pks))


def read_rows(model: Any, pks: Sequence[int], size: int = READ_AT_ONCE) -> Iterator[list[Any]]:
    """Yield the rows with these ids, by primary key, so many at a time."""
    for start in range(0, len(pks), size):
        rows = model._base_manager.filter(among(pks[start : start + size])).order_by("pk")
        yield list(rows.fetch_mode(models.FETCH_PEERS))


@service
def plan_edits(
    *,
    model: Any,
    pks: Sequence[int],
    edits: Sequence[Edit],
    actor: User,
    reason: str = "",
    prices: Iterable[str] = (),
    refuses: Refuses | None = None,
    retry_of: BulkRun | None = None,
) -> BulkRun:
    """Plan to edit fields of the rows with these ids.

    Each new value is checked as a form would: by the field's validators, by the model's own `clean`, and by every
    constraint of its table. `refuses(row)` says why a row may not be edited, or nothing. `prices` are the fields
    whose sums and jumps are told.
    """
    asked = {"edits": [edit.stored() for edit in edits]}
    run = BulkRun(
        model_label=model._meta.label_lower, title=title_of(list(edits)), asked=asked, reason=reason, actor=actor
    )
    run.retry_of = retry_of
    return save_plan(run, pks, work_out(model, pks, edits, prices=frozenset(prices), refuses=refuses))


def work_out(
    model: Any, pks: Sequence[int], edits: Sequence[Edit], *, prices: frozenset[str], refuses: Refuses | None
) -> Planned:
    """Return what the edits would do to the rows with these ids."""
    plan = Planned()
    checked = Checked(edits, refuses, cleans=model.clean is not models.Model.clean)
    changed: list[tuple[Any, list[tuple[Any, Any, Any]]]] = []
    for rows in read_rows(model, pks):
        for row in rows:
            changes = checked.changes_of(row)
            if sentence := checked.refusal(row, changes):
                plan.refused[row.pk] = sentence
            elif changes:
                changed.append((row, changes))
            else:
                plan.unchanged += 1
    plan.refused |= forbidden([row for row, _changes in changed], [edit.field for edit in edits])
    kept = [(row, changes) for row, changes in changed if row.pk not in plan.refused]
    plan.rows = [(row.pk, row.updated_at) for row, _changes in kept]
    plan.sample = tell_sample(kept[:SAMPLE])
    for edit in edits:
        if edit.field.name in prices:
            plan.prices[edit.field] = [
                (old, new) for _row, changes in kept for each, old, new in changes if each == edit.field
            ]
    plan.effect = effects_of(plan.prices)
    return plan


@dataclass
class Checked:
    """Sets new values on rows and says what is wrong with them; equal values are judged once."""

    edits: Sequence[Edit]
    refuses: Refuses | None
    cleans: bool
    judged: dict[tuple[str, Any], str] = field(default_factory=dict)

    def changes_of(self, row: Any) -> list[tuple[Any, Any, Any]]:
        """Give `row` its new values; return field, old and new of those that differ."""
        changes = []
        for edit in self.edits:
            old = getattr(row, edit.field.attname)
            new = edit.apply(old)
            if new != old:
                setattr(row, edit.field.attname, new)
                changes.append((edit.field, old, new))
        return changes

    def refusal(self, row: Any, changes: Sequence[tuple[Any, Any, Any]]) -> str:
        """Return why `row` may not be changed so, or nothing."""
        if not changes:
            return ""
        if self.refuses and (sentence := self.refuses(row)):
            return sentence
        for each, _old, new in changes:
            if sentence := self.judge(each, new):
                return sentence
        return _cleaned(row) if self.cleans else ""

    def judge(self, each: Any, new: Any) -> str:
        known = (each.name, repr(new))
        if known not in self.judged:
            self.judged[known] = _validated(each, new)
        return self.judged[known]


def _validated(each: Any, new: Any) -> str:
    if new in each.empty_values and (each.null or each.blank):
        return ""
    try:
        each.run_validators(new)
    except ValidationError as error:
        named = {"field": capfirst(each.verbose_name), "problem": " ".join(error.messages)}
        return _("%(field)s: %(problem)s") % named
    return ""


def _cleaned(row: Any) -> str:
    try:
        row.clean()
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def tell_sample(changed: Sequence[tuple[Any, Sequence[tuple[Any, Any, Any]]]]) -> list[dict[str, Any]]:
    """Return changed rows in words: name, and each field old and new."""
    words = Words((each, value) for _row, changes in changed for each, *values in changes for value in values)
    return [
        {
            "pk": row.pk,
            "label": str(row),
            "fields": [
                [capfirst(str(each.verbose_name)), words.of(each, old), words.of(each, new)]
                for each, old, new in changes
            ],
        }
        for row, changes in changed
    ]


@service
def save_plan(run: BulkRun, pks: Sequence[int], plan: Planned) -> BulkRun:
    """Keep a plan: its batches, its refusals, and the digest that its confirmation must name."""
    forget_old_plans()
    run.total, run.unchanged = len(pks), plan.unchanged
    run.planned, run.refused = len(plan.rows), len(plan.refused)
    run.sample, run.effect = plan.sample, plan.effect
    run.warnings = warnings_for(run.planned, plan.prices)
    run.digest = digest_of(run, plan.rows)
    run.save(force_insert=True)
    size = settings.BULK_BATCH_ROWS["action" if run.action else "edit"]
    BulkBatch.objects.bulk_create(batches_of(run, plan.rows, size))
    keep_problems(run, BulkProblem.Kind.REFUSED, plan.refused)
    return run


def batches_of(run: BulkRun, rows: Sequence[tuple[int, Any]], size: int) -> Iterator[BulkBatch]:
    for number, start in enumerate(range(0, len(rows), size)):
        ids, versions = zip(*rows[start : start + size], strict=True)
        yield BulkBatch(run=run, number=number, ids=list(ids), versions=list(versions))


def keep_problems(run: BulkRun, kind: str, sentences: Mapping[int, str]) -> None:
    """Keep why rows are left as they are, under the names that they have now."""
    labels = labels_of(run.model, list(sentences))
    BulkProblem.objects.bulk_create(
        BulkProblem(run=run, kind=kind, object_id=pk, label=labels.get(pk, f"#{pk}")[:LABEL_MOST], sentence=sentence)
        for pk, sentence in sentences.items()
    )


def digest_of(run: BulkRun, rows: Sequence[tuple[int, Any]]) -> str:
    """Return a digest of what is to be done, and to which rows as of which versions."""
    digest = hashlib.sha256(f"{run.model_label} {run.action} {run.asked}".encode())
    for pk, version in rows:
        digest.update(f"{pk} {version}\n".encode())
    return digest.hexdigest()


def plan_life() -> timedelta:
    """Return for how long a plan may be confirmed."""
    return timedelta(minutes=settings.BULK_PLAN_MINUTES)


def is_stale(run: BulkRun) -> bool:
    """Whether the preview is too old to be confirmed."""
    return bool(run.created_at < timezone.now() - plan_life())


def forget_old_plans() -> None:
    """Delete plans that nobody confirmed in time; somebody plans often enough for that."""
    BulkRun.objects.planned_before(timezone.now() - plan_life()).delete()
