"""Exports of a list: which kinds there are, their columns, and the rows that the list shows.

The list itself is one kind, with the columns that stand on the screen; the others are the spreadsheets of its model,
whose files can be imported again.
"""

import shutil
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, label_for_field
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, transaction
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.bulk.plans import among
from backoffice.desk.bulk import acting
from backoffice.desk.changelist import PLACE_VARS
from backoffice.desk.columns import choice_words
from backoffice.desk.filters import chips_of
from backoffice.desk.sites import desk_site
from backoffice.spreadsheets.exports import Exported, exported_columns
from backoffice.spreadsheets.models import ExportFile, ExportTemplate, Format
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import can_export, columns_named, make_export, request_export
from backoffice.spreadsheets.writers import Kind, SheetColumn

AS_LISTED = ""
# What the page of an export says in its address beside what the list does.
ASKED = ("sheet", "template", "format")
EXPORT = "spreadsheets.make_export"
KINDS: tuple[tuple[type[models.Field], Kind], ...] = (
    (models.BooleanField, Kind.BOOLEAN),
    (models.IntegerField, Kind.INTEGER),
    (models.DecimalField, Kind.DECIMAL),
    (models.DateTimeField, Kind.DATETIME),
    (models.DateField, Kind.DATE),
)


def sheets_of(admin: Any, user: Any) -> dict[str, str]:
    """Return what `user` may export from a list: the titles of kinds, the list itself first."""
    if not admin.spreadsheets:
        return {}
    titles = {AS_LISTED: _("This list, as it is shown")} | {
        slug: str(get_resource(slug).title) for slug in admin.spreadsheets
    }
    label = admin.opts.label_lower
    return {slug: title for slug, title in titles.items() if can_export(label, slug, user) is None}


def columns_of(admin: Any, request: Any, sheet: str) -> dict[str, Exported]:
    """Return the columns that an export may have, by name."""
    return exported_columns(get_resource(sheet)) if sheet else _columns_listed(admin, request)


def _columns_listed(admin: Any, request: Any) -> dict[str, Exported]:
    found = {}
    for name in admin.get_list_display(request):
        value = getattr(getattr(admin, name), "exported", "") if hasattr(admin, name) else name
        if value:
            label = capfirst(str(label_for_field(name, admin.model, admin)))
            found[name] = _exported(admin.model, name, label, value)
    return found


def _exported(model: type[models.Model], name: str, label: str, value: Any) -> Exported:
    if not isinstance(value, str):
        return Exported(SheetColumn(label, name=name), value)
    try:
        field: Any = get_fields_from_path(model, value)[-1]
    except FieldDoesNotExist:  # what for_changelist() counts
        return Exported(SheetColumn(label, Kind.INTEGER, name=name), value)
    if field.related_model is not None:
        return Exported(SheetColumn(label, name=name), f"{value}__name")
    if field.choices:
        return Exported(SheetColumn(label, name=name), choice_words(value, field.flatchoices))
    stored = field.output_field if field.generated else field
    if hasattr(stored, "base_field"):
        return Exported(SheetColumn(label, Kind.WORDS, name=name), value)
    kind = next((kind for base, kind in KINDS if isinstance(stored, base)), Kind.TEXT)
    return Exported(SheetColumn(label, kind, name=name), value)


def rows_listed(admin: Any, request: Any, keys: Any = None) -> Any:
    """Return the changelist that the address of a request shows; of its rows those with `keys`, if given.

    Raises ValidationError when the address names a filter that is not there.
    """
    asking = copy(request)
    asking.GET = QueryDict(list_query(request.GET))
    try:
        listed = admin.get_changelist_instance(asking)
    except IncorrectLookupParameters as error:
        raise ValidationError(_("The address named a filter that is not there. Nothing was exported.")) from error
    if keys is not None:
        listed.queryset = listed.queryset.filter(among(keys))
    return listed


def rows_of(admin: Any, request: Any, sheet: str, listed: Any) -> models.QuerySet[Any]:
    """Return the rows of an export: those that belong to the rows `listed`, in the order of the list."""
    chosen = listed.queryset.order_by().values("pk")
    if not sheet:
        return admin.page_rows(request).filter(pk__in=chosen).order_by(*listed.sort.order_by())
    resource = get_resource(sheet)
    rows = resource.exported_rows()
    way = "" if resource.listed_as == "pk" else f"{resource.listed_as}__"
    order = [f"{'-' * each.startswith('-')}{way}{each.removeprefix('-')}" for each in listed.sort.order_by()]
    found = rows.filter(**{f"{resource.listed_as}__in": chosen})
    return found.order_by(*order, *rows.query.order_by)


def list_of(model_label: str) -> str:
    """Return what the rows of a list are called."""
    return str(desk_site().get_model_admin(_model(model_label)).row_names)


def headers_of(asked: Any, user: Any) -> list[str]:
    """Return what the columns of an export or a template are called; one that is gone keeps its name."""
    known = columns_of(desk_site().get_model_admin(_model(asked.model_label)), acting(user), asked.sheet)
    return [known[name].sheet.header if name in known else name for name in asked.columns]


def list_query(query: QueryDict) -> str:
    """Return the part of an address that says which rows a list shows, and in which order."""
    kept = query.copy()
    for name in (*PLACE_VARS, *ASKED):
        kept.pop(name, None)
    return kept.urlencode()


def query_in_words(asked: Any, user: Any) -> str:
    """Return which rows of a list are exported: those of a queue, filters, a search; none if it is the whole list."""
    admin, request = desk_site().get_model_admin(_model(asked.model_label)), acting(user)
    request.GET = QueryDict(asked.query)
    try:
        listed = rows_listed(admin, request)
    except ValidationError:
        return str(asked.query)
    words = [str(listed.queue.title)] if listed.queue else []
    words += [f"{chip.title}: {chip.value}" for chip in chips_of(listed)]
    words += [_("found by “%(term)s”") % {"term": listed.query}] if listed.query else []
    return ", ".join(words)


def prepared(
    *, model_label: str, sheet: str, columns: Any, query: str, keys: Any, user: User
) -> tuple[models.QuerySet[Any], Mapping[str, Exported]]:
    """Return rows and columns of what was asked, with the rights that `user` has now.

    Raises ValidationError when a filter or all columns are gone, or `user` may not see the list.
    """
    admin, request = desk_site().get_model_admin(_model(model_label)), acting(user)
    request.GET = QueryDict(query)
    if not admin.has_view_permission(request):
        raise ValidationError(_("This list is not open to your role any more."))
    chosen = columns_named(columns_of(admin, request, sheet), columns)
    if not chosen:
        raise ValidationError(_("None of the columns is there any more. Choose them again."))
    return rows_of(admin, request, sheet, rows_listed(admin, request, keys)), chosen


def produce(export: ExportFile, watch: Any = None) -> ExportFile:
    """Make the file of an export, with the rights that its owner has now. Raises ValidationError."""
    rows, columns = prepared(
        model_label=export.model_label,
        sheet=export.sheet,
        columns=export.columns,
        query=export.query,
        keys=export.keys,
        user=export.owner,
    )
    name = export.schedule.title if export.schedule else export.sheet or list_of(export.model_label)
    return make_export(export=export, name=name, rows=rows, columns=columns, watch=watch)


@transaction.atomic
def export_template(*, name: str, path: Path) -> int:
    """Write the rows of a template to a file, on record as an export of its owner; return how many there were.

    The ending of the file says its format. Raises ValidationError.
    """
    template = ExportTemplate.objects.select_related("owner").filter(name=name).first()
    if template is None:
        known = ", ".join(ExportTemplate.objects.values_list("name", flat=True)) or _("none")
        sentence = _("There is no template “%(name)s”. There are: %(known)s.")
        raise ValidationError(sentence % {"name": name, "known": known})
    file_format = path.suffix.lower().removeprefix(".")
    if file_format not in Format.values:
        sentence = _("End the name of the file with one of: %(formats)s.")
        raise ValidationError(sentence % {"formats": ", ".join(f".{value}" for value in Format.values)})
    asked = {field: getattr(template, field) for field in ("model_label", "sheet", "columns", "query")}
    made = produce(request_export(actor=template.owner, template=template, format=file_format, **asked))
    shutil.copyfile(made.path, path)
    return made.rows or 0


def _model(label: str) -> type[models.Model]:
    return next(model for model in desk_site()._registry if model._meta.label_lower == label)
