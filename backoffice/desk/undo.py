"""Pages about change sets: undo with its preview, download, and what was deleted."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.changes.diff import ObjectChange, changed_models, set_changes
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal, RefusedError, require
from backoffice.changes.rules import RECREATE, REMOVE, RESTORE
from backoffice.changes.undo import (
    Conflict,
    UndoPreview,
    can_undo,
    chosen_of,
    preview_undo,
    read_only,
    undo_change_set,
    undo_in_force,
)
from backoffice.changes.words import Words
from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.deletions import deleted_page
from backoffice.desk.downloads import attachment
from backoffice.desk.forms import DeskForm
from backoffice.desk.history import VERBS, tell
from backoffice.desk.tasks import LARGE, latest_undo, request_undo
from backoffice.spreadsheets.writers import SheetColumn, write_sheet

EXPORT_PAGE = 2_000
EXPORTED = (".csv", ".xlsx")
# Objects, each as `app.model:key`; and that somebody chose, even if nothing.
ONLY_VAR, CHOSEN_VAR = "only", "chosen"


FIGURES = {
    "restored": gettext_lazy("put back"),
    "recreated": gettext_lazy("created again"),
    "removed": gettext_lazy("removed"),
    "compensated": gettext_lazy("taken back by an opposite entry"),
    "already": gettext_lazy("as before already"),
    "conflicts": gettext_lazy("changed since"),
    "refusals": gettext_lazy("refused"),
}
STAYS = {
    RESTORE: gettext_lazy("stays, or is taken back in part"),
    RECREATE: gettext_lazy("there again: stays"),
    REMOVE: gettext_lazy("would be removed: stays"),
}


class UndoForm(DeskForm):
    """Why, and what to do with objects that cannot be taken back whole."""

    conflicts = forms.ChoiceField(
        label=gettext_lazy("What changed since, or may not be undone"),
        choices=[
            ("skip", gettext_lazy("Leave it as it is, undo the rest")),
            ("fields", gettext_lazy("Take back the fields that nobody touched since, and undo the rest")),
        ],
        initial="skip",
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept with the undo, for whoever asks later."),
    )

    def __init__(self, *args: Any, preview: UndoPreview, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not preview.total("conflicts") + preview.total("refusals") + preview.total("partly"):
            del self.fields["conflicts"]

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked for; where nothing stood in the way, nothing may by now."""
        return {"conflicts": "fail"} | self.cleaned_data


class UndoPages(ReadOnlyAdmin):
    """The pages of a change set besides its own."""

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(f"{start}{name}/", self.admin_site.admin_view(page), name=f"changes_changeset_{name}")
            for start, name, page in (
                ("<int:pk>/", "undo", self.undo_view),
                ("<int:pk>/", "download", self.download_view),
                ("", "deleted", self.deleted_view),
            )
        ]
        return own + super().get_urls()

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what undoing would do; do it when it is confirmed."""
        change_set, user, only = self.find(request, pk), request.user, read_only(request.GET.getlist(ONLY_VAR))
        if CHOSEN_VAR in request.GET and only is None:
            messages.warning(request, _("Tick what is to be undone, then ask again."))
            return HttpResponseRedirect(self.page_of(change_set))
        try:
            refusal = can_undo(change_set, user, chosen_of(change_set, only))
        except RefusedError as error:
            refusal = Refusal(" ".join(error.messages))
        if refusal and request.method == "POST":
            raise PermissionDenied(refusal.sentence)
        if refusal:
            return self.show(request, "desk/undo.html", change_set, refusal=refusal)
        asked = request.POST.get("conflicts", "skip")
        by_fields: Literal["fields", "skip"] = "fields" if asked == "fields" else "skip"
        preview = preview_undo(change_set, only=only, conflicts=by_fields, examples=50)
        form = UndoForm(request.POST if request.method == "POST" else None, preview=preview)
        if form.is_valid():
            try:
                return self.undo(request, change_set, preview, form)
            except ValidationError as error:
                form.add_error(None, error)
        return self.show(
            request,
            "desk/undo.html",
            change_set,
            form=form,
            preview=preview,
            written=tell(preview.written),
            conflicts=tell_conflicts(preview.conflicts),
            conflict_count=preview.total("conflicts"),
            refusal_count=preview.total("refusals"),
            **table_of(preview),
            nothing=nothing_left(preview),
            is_part=only is not None,
        )

    def undo(
        self, request: HttpRequest, change_set: ChangeSet, preview: UndoPreview, form: UndoForm
    ) -> HttpResponseRedirect:
        """Undo now or, when it is much, in the background."""
        user: Any = request.user
        require(nothing_left(preview))
        asked = form.asked | {"only": read_only(request.GET.getlist(ONLY_VAR))}
        if preview.writes > LARGE:
            request_undo(change_set=change_set, actor=user, **asked)
            messages.info(request, _("It is being undone in the background. This page tells how far it is."))
            return HttpResponseRedirect(self.page_of(change_set))
        undo = undo_change_set(change_set=change_set, actor=user, **asked)
        words = ngettext("%(count)s object was taken back.", "%(count)s objects were taken back.", preview.writes)
        messages.success(request, words % {"count": f"{preview.writes:,}"})
        return HttpResponseRedirect(self.page_of(undo))

    def undo_context(self, request: HttpRequest, change_set: ChangeSet) -> dict[str, Any]:
        """Return what the page of a change set says of its undo."""
        return {
            "change_set": change_set,
            "undone_by": undo_in_force(change_set),
            "undo_refusal": can_undo(change_set, request.user),
            "undo_work": latest_undo(change_set),
            "may_download": bool(self.exported_models(request, change_set)),
        }

    def download_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """Hand out all that a change set wrote, as far as the person may export it."""
        change_set = self.find(request, pk)
        models, suffix = self.exported_models(request, change_set), request.GET.get("as", ".csv")
        if not models or suffix not in EXPORTED:
            raise PermissionDenied(_("Your role does not allow exporting this."))
        name = f"change-{change_set.pk}{suffix}"
        rows = exported_rows(change_set, models)
        return attachment(name, lambda path: write_sheet(path, columns(), rows, split=True))

    def exported_models(self, request: HttpRequest, change_set: ChangeSet) -> list[Any]:
        models: list[Any] = changed_models(change_set)
        return [model for model in models if request.user.has_perms(model.export_permissions())]

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """List what was deleted and is gone still."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = deleted_page(request) | {"opts": self.opts, "title": _("Deleted")}
        return render(request, "desk/deleted.html", self.admin_site.each_context(request) | context)

    def find(self, request: HttpRequest, pk: int) -> ChangeSet:
        if not self.has_view_permission(request):
            raise PermissionDenied
        change_set: ChangeSet | None = ChangeSet.objects.filter(pk=pk).first()
        if change_set is None:
            raise Http404
        return change_set

    def page_of(self, change_set: ChangeSet) -> str:
        return self.url("change", change_set.pk)

    def show(self, request: HttpRequest, template: str, change_set: ChangeSet, **context: Any) -> HttpResponse:
        context |= {"opts": self.opts, "change_set": change_set, "title": _("Undo"), "url": self.page_of(change_set)}
        return render(request, template, self.admin_site.each_context(request) | context)


def nothing_left(preview: UndoPreview) -> Refusal | None:
    """Return why there is nothing to do, if so."""
    if preview.writes:
        return None
    if preview.undone_by and not preview.total("conflicts"):
        return Refusal(_("Nothing is left to undo: everything is as it was before."))
    return Refusal(_("Nothing of it can be undone: everything changed since, or may not be."))


def table_of(preview: UndoPreview) -> dict[str, Any]:
    """Return the figures of the preview, a row a model; what happens to nothing has no column."""
    names = [name for name in FIGURES if preview.total(name)]
    return {
        "figures": [FIGURES[name] for name in names],
        "rows": [
            (each.model._meta.verbose_name_plural, [getattr(each, name) for name in names]) for each in preview.models
        ],
    }


def tell_conflicts(conflicts: Sequence[Conflict]) -> list[dict[str, Any]]:
    """Put conflicts into words: each field before the change, after it, and now."""
    words = Words(
        (field.field, value)
        for conflict in conflicts
        for field in conflict.fields
        for value in (field.before, field.after, field.now)
    )
    newer = ChangeSet.objects.in_bulk({conflict.changed_by for conflict in conflicts})
    return [
        {
            "conflict": conflict,
            "newer": newer.get(conflict.changed_by),
            "stays": STAYS[conflict.kind],
            "by_field": conflict.kind == RESTORE,
            "fields": [
                {
                    "label": capfirst(str(each.field.verbose_name)),
                    "before": words.of(each.field, each.before),
                    "after": words.of(each.field, each.after),
                    "now": words.of(each.field, each.now),
                    "free": each.free,
                }
                for each in conflict.fields
                if conflict.kind == RESTORE or each.after != each.now
            ],
        }
        for conflict in conflicts
    ]


def columns() -> list[SheetColumn]:
    """Return the columns of a download: one row a field."""
    names = _("What"), _("Number"), _("Name"), _("Change"), _("Field"), _("Before"), _("After")
    return [SheetColumn(str(name)) for name in names]


def exported_rows(change_set: ChangeSet, models: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each field of each object of these models that a change set changed, in words."""
    for model in models:
        after: Any = 0
        while page := set_changes(change_set, model, after=after, size=EXPORT_PAGE):
            yield from rows_of(page)
            after = page[-1].pk


def rows_of(page: list[ObjectChange]) -> Iterator[tuple[str, ...]]:
    for each in tell(page):
        change = each.change
        known = (str(change.model._meta.verbose_name), str(change.pk), change.label, str(VERBS[change.kind][0]))
        for field in each.fields or [("", "", "")]:
            yield (*known, *field)
