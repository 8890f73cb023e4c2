"""The pages of rows as they were: a list, a row, and files of them. They only read."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import models
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import admin as unfold

from backoffice.changes.naming import labels_of
from backoffice.desk.as_of import (
    Asked,
    all_versions_at,
    children_at,
    is_figure,
    listed_fields,
    pruned_before,
    sheet_columns,
    sheet_rows,
    shown_fields,
    told,
    version_at,
    versions_at,
)
from backoffice.desk.downloads import attachment
from backoffice.desk.forms import DeskForm
from backoffice.spreadsheets.writers import Ending, write_sheet

AT_VAR, BELOW_VAR, TERM_VAR, FORMAT_VAR = "at", "below", "q", "format"
FORMATS = ("csv", "xlsx")
PAGE_SIZE = 100


class MomentForm(DeskForm):
    """The moment that is asked for, in the zone of the desk."""

    at = forms.DateTimeField(
        label=gettext_lazy("As of"), widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
    )

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at > timezone.now():
            raise ValidationError(_("That is still to come. Choose a moment in the past."))
        return at


def options_of(field: Any, asked: str) -> list[tuple[Any, Any]]:
    """Return what a list can be narrowed to by a field; of related rows, the one that is asked for."""
    if field.choices:
        return list(field.flatchoices)
    if field.is_relation and asked.isdecimal():
        return [(int(asked), labels_of(field.related_model, [int(asked)]).get(int(asked), f"#{asked}"))]
    if isinstance(field, models.BooleanField):
        return [(1, gettext_lazy("Yes")), (0, gettext_lazy("No"))]
    return []


class PastMixin(unfold.ModelAdmin):
    """An admin whose list and rows can be looked at as they were; `past_fields` come first in the list."""

    past_fields: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        if not hasattr(self.model, "history"):
            return super().get_urls()
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        own = [
            path("as-of/", view(self.past_list_view), name=f"{name}_past"),
            path("<path:object_id>/as-of/", view(self.past_row_view), name=f"{name}_past_row"),
        ]
        return own + super().get_urls()

    def past_list_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show a page of the rows that there were at a moment, or hand them out as a file."""
        refused = self.refuse_past(request)
        if refused is not None:
            return refused
        form = self.moment_form(request)
        context: dict[str, Any] = {"term": request.GET.get(TERM_VAR, ""), "choices": self.past_choices(request)}
        if form.is_valid():
            at, asked = form.cleaned_data["at"], self.past_asked(request)
            if request.GET.get(FORMAT_VAR) in FORMATS:
                return self.past_file(request, at, asked)
            context |= self.past_page(request, at, asked)
        return self.past_response(request, "desk/as_of_list.html", form, context)

    def past_row_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show one row as it was at a moment, with what belonged to it."""
        refused = self.refuse_past(request)
        if refused is not None:
            return refused
        try:
            pk = self.opts.pk.to_python(unquote(object_id))
        except ValidationError as error:
            raise Http404 from error
        form, context = self.moment_form(request), {"pk": pk}
        if form.is_valid():
            version = version_at(self.model, pk, form.cleaned_data["at"])
            context |= {"version": version, "missing": version is None}
            if version is not None:
                context |= self.past_row(request, version, pk, form.cleaned_data["at"])
        return self.past_response(request, "desk/as_of_row.html", form, context)

    def refuse_past(self, request: HttpRequest) -> HttpResponse | None:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        return None

    def moment_form(self, request: HttpRequest) -> MomentForm:
        """Return the form with the moment of the address; without one it asks, and proposes the last midnight."""
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return MomentForm({"at": request.GET.get(AT_VAR) or midnight.strftime("%Y-%m-%dT%H:%M:%S")})

    def past_choices(self, request: HttpRequest) -> list[tuple[Any, list[tuple[Any, Any, bool]]]]:
        """Return the fields that the list can be narrowed by, each with its choices."""
        choices = []
        for each in listed_fields(self.model, self.past_fields):
            asked = request.GET.get(each.name, "")
            options = options_of(each, asked)
            if options:
                choices.append((each, [(value, label, asked == str(value)) for value, label in options]))
        return choices

    def past_asked(self, request: HttpRequest) -> Asked:
        """Return what the address narrows the list to."""
        chosen = {
            each.name: value
            for each, options in self.past_choices(request)
            for value, _label, is_chosen in options
            if is_chosen
        }
        searched = [name for name in self.search_fields if self.is_own_text(name)]
        term = request.GET.get(TERM_VAR, "").strip()
        return Asked(chosen, term if searched else "", searched)

    def past_address(self, request: HttpRequest) -> str:
        """Return the address of the list as it was, narrowed as the list of now is, as far as the past knows of it."""
        names = {each.name for each in listed_fields(self.model, self.past_fields)}
        asked = {TERM_VAR: request.GET.get(TERM_VAR, "")}
        for name, value in request.GET.items():
            field, _lookup, _exact = name.partition("__")
            if field in names and name in (f"{field}__exact", f"{field}__id__exact"):
                asked[field] = str(value)
        query = urlencode({name: value for name, value in asked.items() if value})
        return self.url("past") + (f"?{query}" if query else "")

    def is_own_text(self, name: str) -> bool:
        try:
            return self.opts.get_field(name).get_internal_type() in ("CharField", "EmailField", "SlugField")
        except FieldDoesNotExist:
            return False

    def past_page(self, request: HttpRequest, at: datetime, asked: Asked) -> dict[str, Any]:
        """Return a page of the list."""
        below, fields = request.GET.get(BELOW_VAR, ""), listed_fields(self.model, self.past_fields)
        versions = versions_at(
            self.model, at, asked, below=int(below) if below.isdecimal() else None, size=PAGE_SIZE + 1
        )
        page = versions[:PAGE_SIZE]
        key = self.opts.pk.attname
        figures = [is_figure(each) for each in fields]
        rows = [
            (
                f"{self.url('past_row', getattr(version, key))}?{AT_VAR}={self.moment(at)}",
                list(zip(words, figures, strict=True)),
            )
            for version, words in told(page, fields)
        ]
        more = len(versions) > PAGE_SIZE
        return {
            "heads": [(capfirst(str(each.verbose_name)), is_figure(each)) for each in fields],
            "rows": rows,
            "next_url": self.past_query(request, **{BELOW_VAR: getattr(page[-1], key)}) if more else "",
            "first_url": self.past_query(request, **{BELOW_VAR: ""}) if below else "",
            "exports": self.past_exports(request),
        }

    def may_export_past(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(self.model.export_permissions()))

    def past_exports(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return the files that the user may have of the list, with their addresses."""
        if not self.may_export_past(request):
            return []
        return [(name.upper(), self.past_query(request, **{FORMAT_VAR: name, BELOW_VAR: ""})) for name in FORMATS]

    def past_query(self, request: HttpRequest, **changed: Any) -> str:
        """Return the address of the same list with other parts."""
        query = request.GET.copy()
        for name, value in changed.items():
            query[name] = str(value)
        return f"?{query.urlencode()}"

    def past_file(self, request: HttpRequest, at: datetime, asked: Asked) -> FileResponse:
        """Hand out all rows of the list as a file."""
        if not self.may_export_past(request):
            raise PermissionDenied
        fields, suffix = listed_fields(self.model, self.past_fields), request.GET[FORMAT_VAR]
        about = [(str(_("List")), str(capfirst(self.opts.verbose_name_plural))), (str(_("As of")), self.words_of(at))]
        rows, ending = sheet_rows(all_versions_at(self.model, at, asked), fields), Ending(about=lambda: about)
        name = f"{self.opts.model_name} {timezone.localtime(at):%Y-%m-%d %H.%M}.{suffix}"
        return attachment(name, lambda path: write_sheet(path, sheet_columns(fields), rows, ending=ending))

    def past_row(self, request: HttpRequest, version: Any, pk: Any, at: datetime) -> dict[str, Any]:
        """Return what a row was, and the rows under it."""
        fields = shown_fields(self.model)
        ((_version, words),) = told([version], fields)
        labels = [capfirst(str(each.verbose_name)) for each in fields]
        return {
            "values": list(zip(labels, words, strict=True)),
            "children": [table for table in self.past_children(request, pk, at) if table["rows"]],
        }

    def past_children(self, request: HttpRequest, pk: Any, at: datetime) -> list[dict[str, Any]]:
        """Return a table of each model whose rows stand under this one, as far as the user may see them."""
        tables = []
        for child in dict.fromkeys(inline.model for inline in self.inlines if hasattr(inline.model, "history")):
            if not request.user.has_perm(f"{child._meta.app_label}.view_{child._meta.model_name}"):
                continue
            owner = next(each for each in child._meta.concrete_fields if each.related_model is self.model)
            fields = [each for each in listed_fields(child) if each is not owner]
            figures = [is_figure(each) for each in fields]
            found = told(children_at(child, owner.name, pk, at), fields)
            rows = [list(zip(words, figures, strict=True)) for _version, words in found]
            heads = [(capfirst(str(each.verbose_name)), is_figure(each)) for each in fields]
            tables.append({"title": capfirst(str(child._meta.verbose_name_plural)), "heads": heads, "rows": rows})
        return tables

    @staticmethod
    def moment(at: datetime) -> str:
        return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S")

    @staticmethod
    def words_of(at: datetime) -> str:
        return formats.date_format(timezone.localtime(at), "j F Y, H:i:s")

    def past_response(
        self, request: HttpRequest, template: str, form: MomentForm, context: dict[str, Any]
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        at = form.cleaned_data.get("at") if form.is_valid() else None
        pruned = pruned_before(self.model)
        context |= {
            **self.admin_site.each_context(request),
            "title": _("As of"),
            "opts": self.opts,
            "form": form,
            "moment": self.moment(at) if at else request.GET.get(AT_VAR, ""),
            "moment_words": self.words_of(at) if at else "",
            "incomplete": bool(at and pruned and at < pruned),
            "list_url": self.url("changelist"),
            "past_url": self.url("past"),
        }
        return render(request, template, context)
