"""Bulk runs: the preview that is confirmed, how far it is, and what became of each row."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.models import BulkProblem, BulkRun
from backoffice.bulk.plans import is_stale
from backoffice.bulk.services import confirm_run, end_run, token_for
from backoffice.changes.refusals import Refusal, refuse_if
from backoffice.changes.undo import can_undo, undo_in_force
from backoffice.desk.actions import sentence_of
from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.bulk import begin, can_try_again, may_do, page_of, plan_again
from backoffice.desk.columns import column, number, status_badge, text, when
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter
from backoffice.desk.queues import Queue
from backoffice.jobs.services import cancel_job

PROBLEMS_SHOWN = 100
GROUPS_SHOWN = 20
AFTER_VAR = "after"
TONES = {
    BulkProblem.Kind.REFUSED: "grey",
    BulkProblem.Kind.SKIPPED: "amber",
    BulkProblem.Kind.FAILED: "red",
}


def state_of(run: BulkRun) -> str:
    """Return the state as a badge; a run whose job ended before its end is broken."""
    if run.is_broken:
        return status_badge("failed", _("Broken off"))
    return status_badge(run.state, run.get_state_display())


def rows_of(run: BulkRun) -> str:
    """Return what the rows of a run are called."""
    return capfirst(str(run.model._meta.verbose_name_plural))


def can_stop(run: BulkRun) -> Refusal | None:
    """Whether something is left that stopping would keep from being done."""
    return refuse_if(not run.is_working or run.job is None, _("It has ended already, there is nothing to stop."))


@admin.register(BulkRun)
class BulkRunAdmin(ReadOnlyAdmin):
    list_display = ("what", "on", "shown_state", "did", "passed", "broke", "by", "at", "why")
    list_display_links = ("what",)
    sortable_by = ()
    list_filter = (("state", ChoiceFilter), ("actor", RelatedFilter), ("created_at", DateRangeFilter))
    queues = (
        Queue("mine", gettext_lazy("Mine"), lambda runs, user: runs.by(user), counted=False),
        Queue("open", gettext_lazy("Running"), lambda runs, user: runs.open(), counted=False),
    )
    empty_text = gettext_lazy("Select rows in a list, and choose what to do with them: each run is kept here.")

    what = text("title", gettext_lazy("what"))
    on = column(rows_of, gettext_lazy("rows"))
    shown_state = column(state_of, gettext_lazy("state"))
    did = number("done", gettext_lazy("done"))
    passed = number("skipped", gettext_lazy("skipped"))
    broke = number("failed", gettext_lazy("failed"))
    by = column(lambda run: run.actor or "", gettext_lazy("who"))
    at = when("created_at", gettext_lazy("when"))
    why = text("reason")

    def get_queryset(self, request: HttpRequest) -> Any:
        labels = [each.opts.label_lower for each in self.admin_site.admins()]
        return (
            super()
            .get_queryset(request)
            .seen_by(request.user, [label for label in labels if self.may_see(request, label)])
        )

    def may_see(self, request: HttpRequest, label: str) -> bool:
        app, model = label.split(".")
        return bool(request.user.has_perm(f"{app}.view_{model}"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.may(request, "view_bulkrun"):
            return False
        if obj is None:
            return True
        own = obj.state != BulkRun.State.PLANNED or obj.actor_id == request.user.pk
        return own and self.may_see(request, obj.model_label)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(f"<int:pk>/{name}/", view(page), name=f"bulk_bulkrun_{name}")
            for name, page in (("run", self.run_page), ("stop", self.stop_page), ("again", self.again_page))
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what would be done, is being done, or was done."""
        run = self.find(request, int(object_id) if object_id.isdigit() else 0)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self.show(request, run)

    def run_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what was shown, once."""
        run, posted = self.find_posted(request, pk), request.POST
        actor: Any = request.user
        try:
            with transaction.atomic():
                if confirm_run(run=run, actor=actor, token=posted.get("token", ""), accepted=posted.getlist("accept")):
                    begin(run)
        except ValidationError as error:
            messages.error(request, sentence_of(error))
        return HttpResponseRedirect(page_of(run))

    def stop_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop a run in the background: what is done stays done."""
        run = self.find_posted(request, pk)
        refusal = can_stop(run)
        if refusal or run.job is None:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(page_of(run))
        cancel_job(job=run.job)
        run.job.refresh_from_db()
        if not run.job.is_open:
            end_run(run=run, state=BulkRun.State.STOPPED)
        return HttpResponseRedirect(page_of(run))

    def again_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Plan the same for the rows that are not done."""
        run = self.find_posted(request, pk)
        actor: Any = request.user
        try:
            return HttpResponseRedirect(page_of(plan_again(run=run, actor=actor)))
        except ValidationError as error:
            messages.error(request, sentence_of(error))
        return HttpResponseRedirect(page_of(run))

    def find(self, request: HttpRequest, pk: int) -> BulkRun:
        run: BulkRun | None = (
            BulkRun.objects.select_related("actor", "job", "change_set", "retry_of").filter(pk=pk).first()
        )
        if run is None:
            raise Http404(_("It is not there. A preview that nobody confirmed is forgotten after a while."))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def find_posted(self, request: HttpRequest, pk: int) -> BulkRun:
        """Return the run that a POST is about; the person must be allowed to do such work."""
        if request.method != "POST":
            raise Http404
        run = self.find(request, pk)
        if not may_do(run, request):
            raise PermissionDenied
        return run

    def show(self, request: HttpRequest, run: BulkRun) -> HttpResponse:
        user: Any = request.user
        rows = self.admin_site.get_model_admin(run.model)
        problems, more = self.problems(request, run)
        context = {
            "title": run.title,
            "opts": self.opts,
            "run": run,
            "shown_state": state_of(run),
            "row_names": rows.row_names,
            "rows_url": rows.url("changelist"),
            "token": token_for(run, user),
            "stale": run.state == BulkRun.State.PLANNED and is_stale(run),
            "sample": [each | {"url": self.url_of_row(rows, each["pk"])} for each in run.sample],
            "groups": self.groups(run),
            "problems": problems,
            "more_problems": more,
            "stop_refusal": can_stop(run),
            "again_refusal": can_try_again(run, user),
            "left": run.left + run.refused + run.skipped + run.failed,
            "retries": list(run.retries.confirmed().order_by("pk")),
            **self.changes_context(request, run),
        }
        return render(request, "desk/bulk_run.html", self.admin_site.each_context(request) | context)

    def changes_context(self, request: HttpRequest, run: BulkRun) -> dict[str, Any]:
        """Return the way to what the run wrote, and to taking it back."""
        if run.change_set is None or not request.user.has_perm("changes.view_changeset"):
            return {}
        return {
            "changes_url": reverse("admin:changes_changeset_change", args=[run.change_set_id]),
            "undone_by": undo_in_force(run.change_set),
            "undo_url": reverse("admin:changes_changeset_undo", args=[run.change_set_id])
            if can_undo(run.change_set, request.user) is None
            else "",
        }

    def groups(self, run: BulkRun) -> list[dict[str, Any]]:
        """Return why rows were left, each reason once, the most frequent first."""
        names = dict(BulkProblem.Kind.choices)
        found = run.problems.by_reason()[:GROUPS_SHOWN]
        return [each | {"name": names[each["kind"]], "tone": TONES[each["kind"]]} for each in found]

    def problems(self, request: HttpRequest, run: BulkRun) -> tuple[list[dict[str, Any]], str]:
        """Return a page of the rows that were left, and the address of the next."""
        after = request.GET.get(AFTER_VAR, "")
        found = run.problems.filter(pk__gt=int(after) if after.isdigit() else 0)[: PROBLEMS_SHOWN + 1]
        page, rows = list(found)[:PROBLEMS_SHOWN], self.admin_site.get_model_admin(run.model)
        told = [
            {"problem": each, "tone": TONES[each.kind], "url": self.url_of_row(rows, each.object_id)} for each in page
        ]
        return told, f"?{AFTER_VAR}={page[-1].pk}#rows" if len(found) > PROBLEMS_SHOWN else ""

    def url_of_row(self, rows: Any, pk: int) -> str:
        return str(rows.url("change", pk))
