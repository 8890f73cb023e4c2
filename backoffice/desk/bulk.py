"""Work on many rows of a list: planned from the dialog, shown, confirmed, and then carried out.

Actions are planned by asking `check` of the rows, and by doing the first of them in a savepoint that is rolled back:
so the preview shows what really becomes of them, and what their service refuses. Edits of fields are worked out whole.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import User
from backoffice.bulk.models import BulkRun
from backoffice.bulk.plans import Planned, among, is_stale, plan_edits, read_rows, rows_chosen, save_plan
from backoffice.bulk.services import Work, carry_out, edits_of, rows_left, write_edits
from backoffice.changes.context import recording
from backoffice.changes.diff import set_changes
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal, refuse_if, require
from backoffice.changes.undo import undo_in_force
from backoffice.changes.words import plain
from backoffice.desk.actions import ActionRun, DeskAction, Outcome, StaffRequest, perform
from backoffice.desk.editing import BulkEditForm, offered_fields, row_refusal
from backoffice.desk.forms import ActionForm
from backoffice.desk.history import tell
from backoffice.desk.queues import capped_count, forget_counts
from backoffice.desk.sites import desk_site
from backoffice.jobs.services import enqueue_job

EDIT = DeskAction(title=gettext_lazy("Edit many"), permission="", icon="edit", name="edit_many")
EXPORT = DeskAction(title=gettext_lazy("Export"), permission="", icon="download", name="export_rows")
KIND = "bulk.carry_out"
# So many rows are asked whether they may be worked on, and so many tried, before a plan is shown.
CHECKED = 1_000
TRIED = 20


class ListRun(ActionRun):
    """The dialog of an action on the rows that are selected in the list, or on all that its filters show."""

    template = "desk/dialog.html"

    def answer(self) -> HttpResponse:
        form = self.bound_form()
        if form.is_valid():
            try:
                return self.go(page_of(self.plan(form)))
            except ValidationError as error:
                form.add_error(None, error)
        count = capped_count(self.rows)
        return self.show(self.template, form=form, count=count.number, shown_count=count, carried=self.carried())

    def plan(self, form: Any) -> BulkRun:
        """Freeze which rows it is about, and plan."""
        actor: Any = self.request.user
        return plan_action(admin=self.admin, action=self.action, form=form, pks=rows_chosen(self.rows), actor=actor)

    def carried(self) -> list[tuple[str, str]]:
        """Return what the second post must repeat: the action, and the selection or that it is everything."""
        posted = self.request.POST
        carried = [("action", self.action.name), ("index", "0"), ("select_across", posted.get("select_across", "0"))]
        return carried + [(ACTION_CHECKBOX_NAME, pk) for pk in posted.getlist(ACTION_CHECKBOX_NAME)]


class EditRun(ListRun):
    """The page that asks which fields of many rows are edited, and how."""

    template = page_template = "desk/bulk_edit.html"

    def permitted(self) -> bool:
        return bool(offered_fields(self.admin, self.request))

    def bound_form(self) -> BulkEditForm:
        data = self.request.POST if "confirmed" in self.request.POST else None
        return BulkEditForm(data, rows=self.rows, user=self.request.user, admin=self.admin, request=self.request)

    def plan(self, form: Any) -> BulkRun:
        return plan_edit(self.admin, self.request, form.edits, rows_chosen(self.rows), form.cleaned_data["reason"])


def page_of(run: BulkRun) -> str:
    """Return the address of the preview, and later of the outcome."""
    return reverse("admin:bulk_bulkrun_change", args=[run.pk])


def acting(user: Any) -> StaffRequest:
    """Return a request of `user` that came from no browser, for methods that ask a request who acts."""
    request = StaffRequest()
    request.user = user
    return request


def admin_of(run: BulkRun) -> Any:
    return desk_site().get_model_admin(run.model)


def action_of(run: BulkRun) -> DeskAction:
    """Return the action that a run does."""
    action: DeskAction = getattr(admin_of(run), run.action).desk_action
    return action


def plan_edit(
    admin: Any, request: HttpRequest, edits: Sequence[Any], pks: Sequence[int], reason: str, retry_of: Any = None
) -> BulkRun:
    """Plan to edit fields, as far as the person may edit them on each row."""
    actor: Any = request.user
    return plan_edits(
        model=admin.model,
        pks=pks,
        edits=edits,
        actor=actor,
        reason=reason,
        prices=admin.price_fields,
        refuses=row_refusal(admin, request, [edit.field.name for edit in edits]),
        retry_of=retry_of,
    )


@transaction.atomic
def plan_action(
    *, admin: Any, action: DeskAction, form: ActionForm, pks: Sequence[int], actor: User, retry_of: Any = None
) -> BulkRun:
    """Plan to do an action that its dialog was filled in for."""
    data: Any = form.data
    asked = {"form": {name: data.getlist(name) for name in form.fields if name in data}}
    run = BulkRun(
        model_label=admin.opts.label_lower, action=action.name, title=str(action.title), asked=asked, actor=actor
    )
    run.reason, run.retry_of = form.cleaned_data.get("reason", ""), retry_of
    plan = Planned()
    for rows in read_rows(admin.model, pks):
        for row in rows:
            asks = len(plan.rows) + len(plan.refused) < CHECKED
            refusal = action.refusal(row, actor) if asks else None
            if refusal:
                plan.refused[row.pk] = refusal.sentence
            else:
                plan.rows.append((row.pk, getattr(row, "updated_at", None)))
    try_out(admin, action, form, plan, actor)
    plan.effect = amounts_of(admin.model, action, plan)
    return save_plan(run, pks, plan)


def try_out(admin: Any, action: DeskAction, form: ActionForm, plan: Planned, actor: User) -> None:
    """Do the action on the first rows, see what becomes of them, and take all of it back."""
    rows = next(read_rows(admin.model, [pk for pk, _version in plan.rows[:TRIED]], TRIED), [])
    with recording(kind=ChangeSet.Kind.ACTION, actor=actor, key=uuid4()) as context, transaction.atomic():
        outcome = do_action(admin, action, form, actor, rows)
        change_set = ChangeSet.objects.filter(key=context.key).first()
        changes = set_changes(change_set, admin.model) if change_set and hasattr(admin.model, "history") else []
        told = {each.change.pk: each.fields for each in tell(changes)}
        transaction.set_rollback(True)
    for row, _kind, sentence in outcome.problems:
        plan.refused[row.pk] = sentence
    plan.rows = [each for each in plan.rows if each[0] not in plan.refused]
    plan.sample = [{"pk": row.pk, "label": str(row), "fields": told.get(row.pk, [])} for row in outcome.done]
    for change in changes:
        for each in change.fields:
            if each.field.name in admin.price_fields:
                plan.prices.setdefault(each.field, []).append((each.old, each.new))


def amounts_of(model: Any, action: DeskAction, plan: Planned) -> list[dict[str, str]]:
    """Return how much money an action is about, in each currency."""
    if not action.amount or not plan.rows:
        return []
    rows = model._base_manager.filter(among([pk for pk, _version in plan.rows])).order_by()
    sums = rows.values("currency").annotate(amount=models.Sum(action.amount)).order_by("currency")
    what = capfirst(model._meta.get_field(action.amount).verbose_name)
    return [{"what": f"{what}, {each['currency']}", "after": plain(each["amount"])} for each in sums]


def do_action(admin: Any, action: DeskAction, form: ActionForm, actor: Any, rows: Sequence[Any]) -> Outcome:
    """Do an action on rows, one by one."""
    method, request = getattr(admin, action.name), acting(actor)
    return perform(rows, lambda row: method(request, row, **form.cleaned_data))


def form_again(run: BulkRun, pks: Sequence[int] = ()) -> ActionForm:
    """Return the dialog of an action as it was filled in; raises ValidationError when that is not valid any more."""
    data = QueryDict(mutable=True)
    for name, values in run.asked["form"].items():
        data.setlist(name, values)
    rows = run.model._base_manager.filter(among(pks))
    form = action_of(run).form(data, rows=rows, row=None, user=run.actor)
    if not form.is_valid():
        raise ValidationError([message for messages in form.errors.values() for message in messages])
    return form


def may_do(run: BulkRun, request: HttpRequest) -> bool:
    """Whether the person may do what a run does: its action, or editing each of its fields."""
    admin = admin_of(run)
    if run.action:
        return bool(admin.may(request, action_of(run).permission))
    return offered_fields(admin, request).keys() >= {edit["field"] for edit in run.asked["edits"]}


def work_of(run: BulkRun) -> Work:
    """Return what a confirmed run does with its rows; the person must be allowed to still."""
    require(refuse_if(not may_do(run, acting(run.actor)), _("Your role does not allow this any more.")))
    if not run.action:
        return write_edits(run.model, edits_of(run))
    admin, action, form = admin_of(run), action_of(run), form_again(run)

    def work(pks: Sequence[int]) -> dict[int, tuple[str, str]]:
        rows = [row for rows in read_rows(run.model, pks) for row in rows]
        outcome = do_action(admin, action, form, run.actor, rows)
        return {row.pk: (kind, sentence) for row, kind, sentence in outcome.problems}

    return work


def begin(run: BulkRun) -> None:
    """Carry out a confirmed run now or, when it is large, in the background."""
    forget_counts(admin_of(run), acting(run.actor))
    if run.planned <= settings.BULK_PAGE_ROWS:
        carry_out(run=run, work=work_of(run))
        return
    run.job = enqueue_job(kind=KIND, key=str(run.pk), args={"pk": run.pk}, asked_by=run.actor)
    run.save(update_fields=["job"])


def can_try_again(run: BulkRun, user: Any) -> Refusal | None:
    """Whether rows are left that a new plan could be about."""
    return (
        refuse_if(run.state == BulkRun.State.PLANNED, _("It was not confirmed yet."))
        or refuse_if(run.is_working, _("It is still running."))
        or refuse_if(not run.left + run.refused + run.skipped + run.failed, _("Every row is done."))
        or refuse_if(
            run.change_set is not None and undo_in_force(run.change_set) is not None,
            _("It was undone. Select the rows anew."),
        )
    )


@transaction.atomic
def plan_again(*, run: BulkRun, actor: User) -> BulkRun:
    """Plan the same for the rows that are not done, of a run whose work the person `may_do`.

    Asked twice, the second call returns the plan of the first. Once such a plan ran, it is the one to go on from: rows
    that it did must not be done twice.
    """
    run = BulkRun.objects.select_for_update(of=("self",)).select_related("job", "change_set").get(pk=run.pk)
    known = run.retries.order_by("-pk").first()
    waits = known is not None and known.state == BulkRun.State.PLANNED
    if known is not None and not (waits and (is_stale(known) or known.actor_id != actor.pk)):
        return known
    require(can_try_again(run, actor))
    admin, pks = admin_of(run), rows_left(run)
    if not run.action:
        return plan_edit(admin, acting(actor), edits_of(run), pks, run.reason, retry_of=run)
    form = form_again(run, pks)
    return plan_action(admin=admin, action=action_of(run), form=form, pks=pks, actor=actor, retry_of=run)
