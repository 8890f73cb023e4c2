"""What the history tables hold, in words: who, when, why, from where, and each field old and new."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.desk.columns import NOTHING, stored

PAGE_SIZE = 50
BEFORE_VAR = "before"
NOT_TOLD = frozenset({"created_at", "updated_at"})
VERBS = {"+": gettext_lazy("Created"), "~": gettext_lazy("Changed"), "-": gettext_lazy("Deleted")}


@dataclass(frozen=True)
class FieldChange:
    """One field of one version, in words."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Version:
    """One row of a history table, told as a change from the version before."""

    row: Any
    changes: list[FieldChange]

    @property
    def verb(self) -> str:
        return str(VERBS[self.row.history_type])

    @property
    def tone(self) -> str:
        return {"+": "green", "~": "blue", "-": "red"}[self.row.history_type]


def told_fields(model: type[models.Model]) -> list[Any]:
    """Return the fields whose change is told: those kept in the history that somebody or something sets."""
    kept = {field.name for field in model.history.model._meta.concrete_fields}  # type: ignore[attr-defined]
    fields = model._meta.concrete_fields
    return [f for f in fields if f.name in kept - NOT_TOLD and not f.generated and not f.primary_key]


def names_of_related(fields: Iterable[Any], rows: Iterable[Any]) -> dict[Any, dict[Any, str]]:
    """Return, for each field that points to another row, the name of each row pointed to: one query a field."""
    names = {}
    for field in fields:
        if field.is_relation:
            wanted = {getattr(row, field.attname) for row in rows} - {None}
            found = field.related_model._base_manager.in_bulk(wanted) if wanted else {}
            names[field] = {pk: str(row) for pk, row in found.items()}
    return names


def told(field: Any, row: Any, names: dict[Any, dict[Any, str]]) -> str:
    """Return the value of `field` in a history row, in words; a related row that is gone by its number."""
    value = getattr(row, field.attname)
    if field.is_relation and value is not None:
        return names[field].get(value, f"#{value}")
    return stored(field, value)


def tell(model: type[models.Model], pairs: Sequence[tuple[Any, Any]]) -> list[Version]:
    """Return the versions of (row, row before) as changes in words."""
    fields = told_fields(model)
    names = names_of_related(fields, [row for pair in pairs for row in pair if row is not None])
    return [Version(row, changes_between(fields, before, row, names)) for row, before in pairs]


def changes_between(fields: list[Any], before: Any, row: Any, names: dict[Any, dict[Any, str]]) -> list[FieldChange]:
    """Return the fields that differ; a row's first version differs from nothing, its deletion tells what was lost."""
    if row.history_type == "+":
        before = None
    if row.history_type == "-":
        before, row = row, None
    found = []
    for field in fields:
        old = NOTHING if before is None else told(field, before, names)
        new = NOTHING if row is None else told(field, row, names)
        if old != new:
            found.append(FieldChange(capfirst(field.verbose_name), old, new))
    return found


def versions_of(model: type[models.Model], pk: Any, *, before: int | None, size: int) -> tuple[list[Version], bool]:
    """Return up to `size` versions of a row, newest first, and whether there are older ones."""
    rows = model.history.filter(**{model._meta.pk.attname: pk})  # type: ignore[attr-defined]
    if before is not None:
        rows = rows.filter(history_id__lt=before)
    found = list(rows.select_related("change_set__actor").order_by("-history_id")[: size + 1])
    pairs = list(zip(found, [*found[1:], None], strict=True))[:size]
    return tell(model, pairs), len(found) > size


def versions_in(model: type[models.Model], change_set: Any, *, after: int, size: int) -> tuple[list[Version], bool]:
    """Return up to `size` versions that a change set wrote, in its order, and whether there are more."""
    history = model.history.model._base_manager  # type: ignore[attr-defined]
    key = model._meta.pk.attname
    older = history.filter(**{key: OuterRef(key)}, history_id__lt=OuterRef("history_id")).order_by("-history_id")
    rows = history.filter(change_set=change_set, history_id__gt=after).order_by("history_id")
    found = list(rows.annotate(version_before=Subquery(older.values("history_id")[:1]))[: size + 1])
    before = history.in_bulk([row.version_before for row in found[:size] if row.version_before])
    pairs = [(row, before.get(row.version_before)) for row in found[:size]]
    return tell(model, pairs), len(found) > size


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
    versions, more = versions_of(model, pk, before=int(before) if before.isdigit() else None, size=PAGE_SIZE)
    if row is None and not versions:
        raise Http404
    context = {
        **admin.admin_site.each_context(request),
        "title": _("History"),
        "opts": admin.opts,
        "original": row,
        "name": str(row) if row is not None else _("deleted %(what)s") % {"what": admin.opts.verbose_name},
        "row_url": admin.url_of(row) if row is not None else "",
        "versions": versions,
        "older_url": f"?{BEFORE_VAR}={versions[-1].row.history_id}" if more else "",
        "newest_url": "?" if before else "",
        "shows_change_sets": request.user.has_perm("changes.view_changeset"),
    }
    request.current_app = admin.admin_site.name
    return render(request, "desk/history.html", context)
