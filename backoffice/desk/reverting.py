"""Back to an earlier version of a row: its form, filled with what the row was then, and saved like any other change."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold import admin as unfold

from backoffice.changes.diff import FieldChange, history_of, newest_changes, told_fields
from backoffice.changes.words import Words

VERSION_VAR = "version"


def version_asked(request: HttpRequest, row: Any) -> Any:
    """Return the earlier version of `row` that the address names, if it does."""
    asked = request.GET.get(VERSION_VAR, "")
    if row is None or not asked.isdigit() or not hasattr(row, "history"):
        return None
    return history_of(type(row)).filter(history_id=asked, **{row._meta.pk.attname: row.pk}).first()


def filled(form: type[forms.ModelForm], version: Any) -> type[forms.ModelForm]:
    """Return `form` so that it opens with the values of `version`; what is saved is what differs from the row."""
    names = {field.name: field.attname for field in told_fields(form._meta.model)}
    values = {name: getattr(version, names[name]) for name in form.base_fields if name in names}

    class Filled(form):  # type: ignore[misc,valid-type]
        def __init__(self, *args: Any, initial: Any = None, **kwargs: Any) -> None:
            super().__init__(*args, initial=(initial or {}) | values, **kwargs)

    return Filled


class RevertMixin(unfold.ModelAdmin):
    """Opens the form of a row at an earlier version."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        version = version_asked(request, obj) if request.method == "GET" else None
        return filled(form, version) if version else form

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        version = version_asked(request, row)
        if version is not None:
            editable = set(context["adminform"].form.fields)
            context |= {"reverting": version, "reverted_fields": three_ways(row, version, editable)}
            context["posted_reason"] = context.get("posted_reason") or _("Back to the version of %(at)s") % {
                "at": formats.date_format(timezone.localtime(version.history_date), "DATETIME_FORMAT")
            }
        return super().render_change_form(request, context, **kwargs)


def three_ways(row: Any, version: Any, editable: set[str]) -> list[dict[str, Any]]:
    """Return each field that differs: as it was then, as it is now, who changed it last; the form lacks `kept` ones."""
    fields = [
        FieldChange(field, getattr(version, field.attname), getattr(row, field.attname))
        for field in told_fields(type(row))
    ]
    differing = [each for each in fields if each.old != each.new]
    words = Words((each.field, value) for each in differing for value in (each.old, each.new))
    newest = newest_changes(type(row), row.pk, version)
    return [
        {
            "label": capfirst(str(each.field.verbose_name)),
            "then": words.of(each.field, each.old),
            "now": words.of(each.field, each.new),
            "changed_by": newest.get(each.field.name),
            "kept": each.field.name not in editable,
        }
        for each in differing
    ]
