"""The history page of a row: who, when, why, from where, and each field old and new, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.changes.diff import ObjectChange, history_of, object_changes
from backoffice.changes.words import EMPTY, Words

PAGE_SIZE = 50
BEFORE_VAR = "before"
VERBS = {
    "+": (gettext_lazy("Created"), "green"),
    "~": (gettext_lazy("Changed"), "blue"),
    "-": (gettext_lazy("Deleted"), "red"),
    "=": (gettext_lazy("Created and deleted"), "grey"),
}


@dataclass(frozen=True)
class Told:
    """One change of one row, in words."""

    change: ObjectChange
    fields: list[tuple[str, str, str]]

    @property
    def verb(self) -> str:
        return str(VERBS[self.change.kind][0])

    @property
    def tone(self) -> str:
        return VERBS[self.change.kind][1]


def tell(changes: Sequence[ObjectChange]) -> list[Told]:
    """Put changes into words, with one query for each related model."""
    words = Words.for_changes(changes)
    return [Told(change, told_fields(change, words)) for change in changes]


def told_fields(change: ObjectChange, words: Words) -> list[tuple[str, str, str]]:
    """Return label, old and new of each field that reads differently."""
    told = [
        (capfirst(str(field.field.verbose_name)), words.of(field.field, field.old), words.of(field.field, field.new))
        for field in change.fields
    ]
    return [(label, old, new) for label, old, new in told if old != new and (old, new) != (EMPTY, EMPTY)]


def was_deleted(model: Any, key: str) -> bool:
    """Whether the history tells of a row with this key, which an address names and which is not there."""
    try:
        pk = model._meta.pk.to_python(key)
    except ValidationError:
        return False
    return hasattr(model, "history") and history_of(model).filter(**{model._meta.pk.attname: pk}).exists()


def history_response(admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the history of a row to whoever may see the row. It only reads: anything but GET is refused."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    model = admin.model
    if not hasattr(model, "history"):
        raise Http404
    try:
        pk = model._meta.pk.to_python(object_id)
    except ValidationError as error:
        raise Http404 from error
    row = admin.get_queryset(request).filter(pk=pk).first()
    if not admin.has_view_permission(request, row):
        raise PermissionDenied
    before = request.GET.get(BEFORE_VAR, "")
    changes = object_changes(model, pk, before=int(before) if before.isdigit() else None, size=PAGE_SIZE + 1)
    if row is None and not changes:
        raise Http404
    request.current_app = admin.admin_site.name
    context = page_context(admin, request, row, changes) | {"newest_url": "?" if before else ""}
    return render(request, "desk/history.html", context)


def page_context(admin: Any, request: HttpRequest, row: Any, changes: list[ObjectChange]) -> dict[str, Any]:
    """Return what the history page shows of `changes`; the one beyond the page says that there are older ones."""
    page = changes[:PAGE_SIZE]
    gone = _("%(what)s, deleted") % {"what": changes[0].label if changes else admin.opts.verbose_name}
    return {
        **admin.admin_site.each_context(request),
        "title": _("History"),
        "opts": admin.opts,
        "original": row,
        "name": gone if row is None else str(row),
        "row_url": "" if row is None else admin.url_of(row),
        "told": tell(page),
        "older_url": f"?{BEFORE_VAR}={page[-1].version.history_id}" if len(changes) > PAGE_SIZE else "",
        "may_revert": row is not None and admin.has_change_permission(request, row),
        "may_undo": row is None and request.user.has_perm("changes.undo_changeset"),
        "newest": 0 if BEFORE_VAR in request.GET or not changes else changes[0].version.history_id,
        "shows_change_sets": request.user.has_perm("changes.view_changeset"),
    }
