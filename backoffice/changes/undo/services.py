"""Undo of a change set: first shown, then done, itself a change set."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import Any, Literal

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from backoffice.changes.context import current_context, recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal, RefusedError, lacks, require
from backoffice.changes.undo.applying import Applier, Progress, lock_rows
from backoffice.changes.undo.checks import find_problems
from backoffice.changes.undo.choosing import Chosen, Only, chosen_of, keys_in, leaves_some, models_in
from backoffice.changes.undo.compensation import Compensated
from backoffice.changes.undo.plans import Plan
from backoffice.changes.undo.previews import (
    Refused,
    UndoPreview,
    compensated_of,
    conflicts_of,
    refusals_of,
    tally_of,
    written_of,
)
from backoffice.changes.undo.references import CASCADES
from backoffice.changes.undo.sentences import constraint_sentence
from backoffice.changes.undo.shapes import shape_of

Conflicts = Literal["fail", "skip", "fields"]
EXAMPLES = 100
VERBS = {"+": "delete", "~": "change", "-": "add"}


def can_undo(change_set: ChangeSet, user: Any, chosen: Chosen = None) -> Refusal | None:
    """Whether `user` may undo `change_set`: they need to be allowed to undo, and what undoing does to each model."""
    sentence = _("Your role does not allow undoing this. Ask a manager.")
    refusal = lacks(user, "changes.undo_changeset", sentence)
    for model in models_in(change_set, chosen):
        opts = model._meta
        for symbol in change_set.counts[opts.label_lower]:
            verb = "add" if model.undo_rules.compensate else VERBS[symbol]  # type: ignore[attr-defined]
            refusal = refusal or lacks(user, f"{opts.app_label}.{verb}_{opts.model_name}", sentence)
    return refusal


def preview_undo(
    change_set: ChangeSet, *, only: Only = None, conflicts: Conflicts = "skip", examples: int = EXAMPLES
) -> UndoPreview:
    """Return what undoing `change_set`, or `only` some of its objects, would do now; nothing is written or locked.

    With `conflicts="fields"`, objects that changed since are counted as restored where a field of theirs can be taken
    back. `examples` writes, conflicts and refusals are told of each model.
    """
    chosen = chosen_of(change_set, only)
    with transaction.atomic(), planned(change_set, chosen, by_fields=conflicts == "fields") as undo:
        return undo.preview(examples)


def undo_change_set(
    *,
    change_set: ChangeSet,
    actor: Any,
    reason: str = "",
    conflicts: Conflicts = "fail",
    only: Only = None,
    progress: Progress | None = None,
) -> ChangeSet:
    """Take `change_set` back and return the change set that did it, which can be undone in turn (a redo).

    Objects that changed since are conflicts: with "fail" nothing is undone, with "skip" they stay as they are, and
    with "fields" those of their fields are taken back that nobody touched since; an object whose removal or
    re-creation conflicts stays. Refusals (see `preview_undo`) stop a "fail" and are skipped otherwise. All of the rest
    is undone, or nothing. `only` names objects, primary keys by the label of their model: these and what belongs to
    them are undone, and the others stay. `progress(done, total)` is called after each statement; what it raises ends
    the undo.

    Raises RefusedError with a sentence: not allowed, conflicts, nothing left to undo, somebody wrote meanwhile.
    """
    chosen = chosen_of(change_set, only)
    require(can_undo(change_set, actor, chosen))
    outer = current_context()
    context = recording(
        kind=ChangeSet.Kind.UNDO,
        actor=actor,
        actor_label=outer.actor_label if outer and actor is None else "",
        reason=reason,
        source=outer.source if outer else "",
        request_id=outer.request_id if outer else "",
        undo_of_id=change_set.pk,
    )
    with context as recorded, _telling_integrity_errors(change_set), transaction.atomic():
        # Of two undos of the same set the later waits here, and finds nothing left.
        ChangeSet.objects.select_for_update(of=("self",), no_key=True).get(pk=change_set.pk)
        _lock(change_set, chosen)
        with planned(change_set, chosen, by_fields=conflicts == "fields") as undo:
            preview = undo.preview(examples=1)
            require(_refusal_of(preview, conflicts))
            undo.write(progress)
        if preview.leaves_some or leaves_some(change_set, chosen):
            ChangeSet.objects.filter(key=recorded.key).update(partly=True)
        _afterwards(models_in(change_set, chosen), recorded.key)
    return ChangeSet.objects.get(key=recorded.key)


class Undo:
    """The plans of all models of a change set, children before parents, and what opposite rows take back."""

    def __init__(self, change_set: ChangeSet, chosen: Chosen) -> None:
        self.change_set = change_set
        self.chain = chain_of(change_set)
        settled = settled_since(change_set)
        changed = list(reversed(models_in(change_set, chosen)))
        self.compensated = [model for model in changed if model.undo_rules.compensate]  # type: ignore[attr-defined]
        self.plans = {
            model._meta.db_table: Plan(
                shape_of(model), number, change_set.pk, self.chain, settled, keys_in(chosen, model)
            )
            for number, model in enumerate(children_first(changed))
            if model not in self.compensated
        }

    def preview(self, examples: int) -> UndoPreview:
        """Return what the plans hold."""
        plans = self.plans.values()
        figures, refused = [tally_of(plan) for plan in plans], []
        for model in self.compensated:
            figure, refusals = compensated_of(model, self._compensate(model, write=False))
            figures.append(figure)
            refused += refusals[:examples]
        return UndoPreview(
            change_set=self.change_set,
            models=tuple(reversed(figures)),
            written=tuple(change for plan in plans for change in written_of(plan, examples)),
            conflicts=tuple(conflict for plan in plans for conflict in conflicts_of(plan, examples)),
            refusals=(*refused, *(refusal for plan in plans for refusal in refusals_of(plan, examples))),
            undone_by=tuple(self.change_set.undone_by.order_by("pk")),
        )

    def write(self, progress: Progress | None) -> None:
        """Write the plans and the opposite rows."""
        for model in self.compensated:
            self._compensate(model, write=True)
        Applier(self.plans.values(), progress).write()

    def _compensate(self, model: Any, *, write: bool) -> Compensated:
        compensation = import_string(model.undo_rules.compensate)
        compensated: Compensated = compensation(change_sets=self.chain, write=write)
        return compensated


@contextmanager
def planned(change_set: ChangeSet, chosen: Chosen, *, by_fields: bool) -> Iterator[Undo]:
    """Work out an undo, in a transaction that is open; what it takes in the database is gone afterwards."""
    undo = Undo(change_set, chosen)
    for plan in undo.plans.values():
        plan.build(by_fields=by_fields)
    find_problems(undo.plans)
    yield undo
    for plan in undo.plans.values():
        plan.drop()


def chain_of(change_set: ChangeSet) -> list[int]:
    """Return the ids of a change set, of its undos, of their undos, and so on."""
    chain = newest = [change_set.pk]
    while newest:
        newest = list(ChangeSet.objects.filter(undo_of__in=newest).values_list("pk", flat=True))
        chain = chain + newest
    return chain


def undo_in_force(change_set: ChangeSet) -> ChangeSet | None:
    """Return the newest undo of `change_set` that was not undone itself, if there is one."""
    undos: Iterable[ChangeSet] = change_set.undone_by.order_by("-pk")
    return next((undo for undo in undos if undo_in_force(undo) is None), None)


def settled_since(change_set: ChangeSet) -> list[int]:
    """Return the ids of newer change sets that were undone, and of the undos; an undo that was undone itself is none.

    So what was done last can be undone first, and what was done before it after that.
    """
    undos = ChangeSet.objects.filter(undo_of__isnull=False, pk__gt=change_set.pk).order_by("-pk")
    undone: set[int] = set()
    settled: set[int] = set()
    for pk, undo_of in undos.values_list("pk", "undo_of"):
        if pk not in undone:
            undone.add(undo_of)
            settled |= {pk, undo_of}
    return sorted(settled)


def children_first(changed: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    """Return the models so that one that refers to another comes before it."""
    sorter: TopologicalSorter[type[models.Model]] = TopologicalSorter(dict.fromkeys(changed, ()))
    for child, field in references_among(changed):
        sorter.add(field.related_model, child)
    return list(sorter.static_order())


def owners_first(changed: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    """Return the models as services lock them: an order, its lines, then what these refer to."""
    sorter: TopologicalSorter[type[models.Model]] = TopologicalSorter(dict.fromkeys(changed, ()))
    for child, field in references_among(changed):
        owned = field.remote_field.on_delete in CASCADES
        sorter.add(*(child, field.related_model) if owned else (field.related_model, child))
    return list(sorter.static_order())


def references_among(changed: Iterable[type[models.Model]]) -> Iterator[tuple[type[models.Model], Any]]:
    """Yield each foreign key from one of the models to another, with the model that has it."""
    known = list(changed)
    for model in known:
        fields: list[Any] = [field for field in model._meta.concrete_fields if field.is_relation]
        yield from ((model, field) for field in fields if field.related_model in known and field.related_model != model)


def _lock(change_set: ChangeSet, chosen: Chosen) -> None:
    for model in owners_first(models_in(change_set, chosen)):
        if not model.undo_rules.compensate:  # type: ignore[attr-defined]
            counts = change_set.counts[model._meta.label_lower]
            keys = keys_in(chosen, model)
            lock_rows(shape_of(model), change_set.pk, keys, may_be_removed="+" in counts)


def _refusal_of(preview: UndoPreview, conflicts: Conflicts) -> Refusal | None:
    """Return why the undo cannot go on, if so."""
    found = preview.total("conflicts"), preview.total("refusals")
    if conflicts == "fail" and any(found):
        first: Refused | None = next(iter(preview.refusals), None)
        if first is not None:
            return Refusal(f"{first.label}: {first.sentence}")
        return Refusal(_("%(label)s changed since. Skip it, or take back its other fields.") % _first(preview))
    if preview.writes:
        return None
    if preview.undone_by:
        names = ", ".join(str(undo.pk) for undo in preview.undone_by)
        return Refusal(_("Nothing is left to undo: change set %(names)s did it already.") % {"names": names})
    return Refusal(_("Nothing of this change set can be undone: everything changed since, or may not be."))


def _first(preview: UndoPreview) -> dict[str, str]:
    return {"label": preview.conflicts[0].label}


def _afterwards(written: Iterable[type[models.Model]], key: Any) -> None:
    undo = ChangeSet.objects.filter(key=key).first()
    hooks = {model.undo_rules.afterwards for model in written}  # type: ignore[attr-defined]
    for hook in sorted(hooks - {""}):
        import_string(hook)(change_set=undo)


@contextmanager
def _telling_integrity_errors(change_set: ChangeSet) -> Iterator[None]:
    """Turn what only the database saw (a write at the same moment, a trigger) into a sentence; nothing was written."""
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        rule = constraint_sentence(list(apps.get_models()), getattr(diagnosis, "constraint_name", None) or "")
        message = rule or str(getattr(diagnosis, "message_primary", None) or error)
        raise RefusedError(
            _("Nothing was undone: %(message)s Look at the preview again.") % {"message": f"{message.rstrip('.')}."}
        ) from error
