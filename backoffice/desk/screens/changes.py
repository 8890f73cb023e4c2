"""Change sets: what each request, action, import or job wrote."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.changes.diff import changed_models, set_changes
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import can_undo
from backoffice.desk.columns import NOTHING, column, exactly, status_badge, text, when
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter
from backoffice.desk.history import tell
from backoffice.desk.queues import Queue
from backoffice.desk.undo import UndoPages
from backoffice.desk.written import WrittenFilter, field_titles

ROWS_SHOWN = 50
AFTER_VAR = "after"
MODEL_VAR = "model"
KIND_TONES = {"form": "grey", "action": "blue", "import": "amber", "undo": "red", "sql": "amber", "shell": "grey"}


def name_of_model(label: str, count: int) -> str:
    """Return what rows of the model are called; a model that is gone by its label."""
    try:
        opts = apps.get_model(label)._meta
    except LookupError:
        return label
    return str(opts.verbose_name if count == 1 else opts.verbose_name_plural)


def counts_in_words(change_set: ChangeSet) -> str:
    """Return what the set touched: `3 orders, 1 payment`."""
    parts = []
    for label, counts in change_set.counts.items():
        number = sum(counts.values())
        parts.append(f"{number:,} {name_of_model(label, number)}")
    return ", ".join(parts)


def who(change_set: ChangeSet) -> str:
    return change_set.actor_label or str(_("the system"))


def everything_that_day(change_set: ChangeSet) -> str:
    """Return who did it, as a link to all that they did on that day."""
    if change_set.actor_id is None:
        return who(change_set)
    day = timezone.localdate(change_set.started_at).isoformat()
    return format_html(
        '<a class="desk-link" href="{}?actor__id__exact={}&started_at_from={}&started_at_to={}" title="{}">{}</a>',
        reverse("admin:changes_changeset_changelist"),
        change_set.actor_id,
        day,
        day,
        _("All of that day"),
        who(change_set),
    )


def undone(change_set: Any) -> str:
    if not change_set.undone:
        return ""
    return status_badge("undone", _("undone") if change_set.undone_whole else _("undone in part"))


def watching(label: str, field: str, title: str) -> Queue:
    """Return the tab of this week's changes of a field."""

    def rows(sets: Any, user: Any) -> Any:
        return sets.this_week().writing(label, field)

    return Queue(f"{label}-{field}", gettext("%(field)s, this week") % {"field": title}, rows, counted=False)


@admin.register(ChangeSet)
class ChangeSetAdmin(UndoPages):
    list_display = ("number", "at", "by", "sort_of", "what", "why", "taken_back", "where")
    list_display_links = ("number", "at")
    sortable_by = ("at",)
    search_exact = ("request_id",)
    list_filter = (
        ("kind", ChoiceFilter),
        ("actor", RelatedFilter),
        ("counts", WrittenFilter),
        ("started_at", DateRangeFilter),
    )
    queues = (
        Queue("today", _("Today"), lambda sets, user: sets.today(), counted=False),
        Queue("mine", _("Mine"), lambda sets, user: sets.by(user), counted=False),
        Queue("imports", _("Imports"), lambda sets, user: sets.filter(kind="import"), counted=False),
        Queue("deletions", _("Deletions"), lambda sets, user: sets.deleting(), counted=False),
        Queue("undos", _("Undos"), lambda sets, user: sets.filter(kind="undo"), counted=False),
    )
    empty_text = _("Whatever is written from now on is listed here: who, when, why and what.")
    search_help_text = _("Request id")
    fields = ("exact_time", "by", "sort_of", "why", "source", "request_id")
    readonly_fields = fields
    list_before_template = "desk/change_list_head.html"
    change_form_outer_before_template = "desk/change_set_head.html"
    change_form_outer_after_template = "desk/change_set.html"

    number = column(lambda change_set: change_set.pk, _("number"), sort="pk")
    at = when("started_at", _("when"))
    exact_time = exactly("started_at", _("when"))
    by = column(everything_that_day, _("who"))
    sort_of = column(
        lambda change_set: status_badge(
            change_set.kind, change_set.get_kind_display(), KIND_TONES.get(change_set.kind, "")
        ),
        _("how"),
    )
    what = column(counts_in_words, _("what"))
    why = text("reason")
    taken_back = column(undone, _("undone"))
    where = column(lambda change_set: change_set.place or NOTHING, _("source"))

    def get_queues(self, request: HttpRequest) -> tuple[Queue, ...]:
        """Return the tabs, with one for each field that settings want explained, such as prices."""
        watched = field_titles(request.user, settings.REASONS_REQUIRED)
        return (*self.queues, *(watching(*each) for each in watched))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = ChangeSet.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        context = self.written_by(found, request) | self.undo_context(request, found) if found else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def written_by(self, change_set: ChangeSet, request: HttpRequest) -> dict[str, Any]:
        """Return a page of what the set wrote: of one model, those first that the user may see."""
        models = [model for model in changed_models(change_set) if self.may_see(request, model)]
        labels = {model._meta.label_lower: model for model in models}
        model = labels.get(request.GET.get(MODEL_VAR, "")) or (models[0] if models else None)
        hidden = len(change_set.counts) - len(models)
        if model is None:
            return {"written": [], "hidden_models": hidden}
        after = request.GET.get(AFTER_VAR, "")
        changes = set_changes(change_set, model, after=int(after) if after.isdigit() else 0, size=ROWS_SHOWN + 1)
        page = changes[:ROWS_SHOWN]
        more = len(changes) > ROWS_SHOWN
        rules: Any = model.undo_rules  # type: ignore[attr-defined]
        return {
            "may_choose": len(page) > 1 and not rules.compensate and can_undo(change_set, request.user) is None,
            "written": tell(page),
            "written_model": model._meta.label_lower,
            "written_models": [(label, labels[label]._meta.verbose_name_plural) for label in labels],
            "hidden_models": hidden,
            "written_more": f"?{MODEL_VAR}={model._meta.label_lower}&{AFTER_VAR}={page[-1].pk}" if more else "",
        }

    def may_see(self, request: HttpRequest, model: Any) -> bool:
        opts = model._meta
        return bool(request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"))
