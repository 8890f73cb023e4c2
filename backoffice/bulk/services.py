"""Confirming a plan, carrying it out batch by batch, and what can be done about the rows that were left."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.core import signing
from django.db import DataError, IntegrityError, InternalError, connection, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.bulk.models import BulkBatch, BulkProblem, BulkRun
from backoffice.bulk.operations import Edit
from backoffice.bulk.plans import among, is_stale, keep_problems, plan_life
from backoffice.changes.context import recording
from backoffice.changes.diff import history_of
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import RefusedError, refuse_if, require
from backoffice.changes.services import service
from backoffice.changes.undo.sentences import constraint_sentence
from backoffice.changes.writing import update_columns

SALT = "backoffice.bulk"
SKIPPED, FAILED = BulkProblem.Kind.SKIPPED, BulkProblem.Kind.FAILED
# What the database says of values that it does not take; other errors (a lost connection) are nobody's refusal.
REFUSALS = (IntegrityError, DataError, InternalError)

Found = dict[int, tuple[str, str]]
"""For rows that were left as they were: skipped or failed, and why."""
Work = Callable[[Sequence[int]], Found]
Effect = Callable[[], AbstractContextManager[None]]
Progress = Callable[[int, int], None]


def token_for(run: BulkRun, user: User) -> str:
    """Return what confirms this very plan, for this user, for as long as plans live."""
    return signing.dumps([run.pk, user.pk, run.digest], salt=SALT)


@service
def confirm_run(*, run: BulkRun, actor: User, token: str, accepted: Collection[str] = ()) -> bool:
    """Let a planned run begin; False when it has begun already. `accepted` are the codes of its warnings.

    Raises RefusedError for a token that is not of this plan and user, a preview that is too old, and a warning that
    nobody accepted.
    """
    try:
        named = signing.loads(token, salt=SALT, max_age=plan_life())
    except signing.SignatureExpired:
        named = None
    except signing.BadSignature as error:
        raise RefusedError(_("This confirmation is not of this preview. Open the preview again.")) from error
    require(
        refuse_if(
            named is not None and named != [run.pk, actor.pk, run.digest],
            _("This confirmation is not of this preview. Open the preview again."),
        )
    )
    if run.state != BulkRun.State.PLANNED:
        return False
    require(
        refuse_if(named is None or is_stale(run), _("This preview is too old. Select the rows again.")),
    )
    require(refuse_if(not run.planned, _("There is nothing to do in this plan.")))
    missing = [warning["sentence"] for warning in run.warnings if warning["code"] not in accepted]
    require(refuse_if(bool(missing), _("Confirm this too: %(what)s") % {"what": " ".join(missing)}))
    planned = BulkRun.objects.filter(pk=run.pk, state=BulkRun.State.PLANNED)
    begun = planned.update(state=BulkRun.State.RUNNING, started_at=Now())
    run.refresh_from_db()
    return bool(begun)


def carry_out(
    *, run: BulkRun, work: Work, effect: Effect = transaction.atomic, progress: Progress | None = None
) -> BulkRun:
    """Carry out what is left of a confirmed run, in one change set, each batch with its outcome in one `effect`.

    `work(pks)` does it to rows that are locked and as they were planned, and returns what it left. Carried out again
    after a crash, it goes on with the first batch that did not commit.
    """
    for batch in run.batches.filter(finished=False).order_by("number"):
        if progress:
            progress(run.planned - run.left, run.planned)
        with recording_run(run), effect():
            _carry_out_batch(run, batch, work)
        run.refresh_from_db(fields=["done", "skipped", "failed"])
    with effect():
        whole = run.done == run.planned
        end_run(run=run, state=BulkRun.State.DONE if whole else BulkRun.State.PARTLY)
    return run


def recording_run(run: BulkRun) -> AbstractContextManager[Any]:
    """Record what is written inside under the change set of the run."""
    return recording(
        kind=ChangeSet.Kind.ACTION, actor=run.actor, source=run.title, reason=run.reason, key=run.change_key
    )


@service
def end_run(*, run: BulkRun, state: str) -> None:
    """Write down that a run has ended, unless it has already."""
    change_set = ChangeSet.objects.filter(key=run.change_key).values("pk")
    open_run = BulkRun.objects.filter(pk=run.pk, state=BulkRun.State.RUNNING)
    open_run.update(state=state, finished_at=Now(), change_set=models.Subquery(change_set[:1]))
    run.refresh_from_db()


def _carry_out_batch(run: BulkRun, batch: BulkBatch, work: Work) -> None:
    if not BulkBatch.objects.filter(pk=batch.pk, finished=False).update(finished=True):
        return
    found = _lock(run, batch)
    found |= work([pk for pk in batch.ids if pk not in found])
    for kind in (SKIPPED, FAILED):
        keep_problems(run, kind, {pk: sentence for pk, (its, sentence) in found.items() if its == kind})
    failed = sum(1 for kind, _sentence in found.values() if kind == FAILED)
    BulkRun.objects.filter(pk=run.pk).update(
        done=F("done") + len(batch.ids) - len(found),
        skipped=F("skipped") + len(found) - failed,
        failed=F("failed") + failed,
    )


def _lock(run: BulkRun, batch: BulkBatch) -> Found:
    """Lock the rows of a batch, by primary key; return why those that are not as they were planned are left."""
    model = run.model
    chosen = model._base_manager.filter(among(batch.ids)).order_by("pk").select_for_update(no_key=True)
    versions = dict(chosen.values_list("pk", "updated_at"))
    found: Found = {pk: (SKIPPED, _("Deleted since the preview.")) for pk in batch.ids if pk not in versions}
    planned = zip(batch.ids, batch.versions, strict=True)
    moved = [pk for pk, version in planned if version and pk in versions and versions[pk] != version]
    for pk, change_set in _changed_by(model, moved).items():
        if change_set.key != run.change_key:
            who = change_set.actor_label or change_set.get_kind_display()
            found[pk] = SKIPPED, _("Changed since the preview by %(who)s.") % {"who": who}
    return found


def _changed_by(model: Any, pks: Sequence[int]) -> dict[int, ChangeSet]:
    """Return the change set of the newest version of each row."""
    if not pks:
        return {}
    key = model._meta.pk.attname
    newest = history_of(model).filter(**{f"{key}__in": pks}).order_by(key, "-history_id").distinct(key)
    return {getattr(version, key): version.change_set for version in newest.select_related("change_set")}


def edits_of(run: BulkRun) -> list[Edit]:
    """Return the edits that a run was planned with."""
    return [Edit.restored(run.model, stored) for stored in run.asked["edits"]]


def write_edits(model: Any, edits: Sequence[Edit]) -> Work:
    """Return the work of a run that edits fields: all rows by one statement; one by one if the database refuses."""
    names = [edit.field.attname for edit in edits]

    def work(pks: Sequence[int]) -> Found:
        rows = model._base_manager.filter(among(pks)).values_list("pk", *names)
        if not rows:
            return {}
        found, *columns = zip(*rows, strict=True)
        new = {edit.field: list(map(edit.apply, old)) for edit, old in zip(edits, columns, strict=True)}
        return _save(model, found, new)

    return work


def _save(model: Any, pks: Sequence[int], values: Mapping[Any, Sequence[Any]]) -> Found:
    try:
        with transaction.atomic():
            update_columns(model, pks, values)
            connection.check_constraints()
    except REFUSALS as error:
        if len(pks) == 1:
            return {pks[0]: (FAILED, sentence_of_database(error, model))}
        one_by_one = (
            _save(model, [pk], {field: [column[place]] for field, column in values.items()})
            for place, pk in enumerate(pks)
        )
        return {pk: problem for found in one_by_one for pk, problem in found.items()}
    return {}


def sentence_of_database(error: Exception, model: Any) -> str:
    """Return why the database refused a row, in the words of the constraint if it has any."""
    said: Any = getattr(error.__cause__, "diag", None)
    named = constraint_sentence([model], said.constraint_name) % {} if said and said.constraint_name else ""
    return named or (said.message_primary if said else "") or str(error)


def rows_left(run: BulkRun) -> list[int]:
    """Return the ids of the rows of an ended run that are not done: refused, skipped, failed, or never come to."""
    waiting = [pk for ids in run.batches.filter(finished=False).values_list("ids", flat=True) for pk in ids]
    return sorted({*run.problems.values_list("object_id", flat=True), *waiting})
