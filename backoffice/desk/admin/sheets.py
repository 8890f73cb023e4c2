"""Spreadsheets of a list: the page that exports its rows, and the way to the one that takes a file."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from unfold import admin as unfold

from backoffice.desk.exporting import (
    AS_LISTED,
    EXPORT,
    columns_of,
    list_query,
    produce,
    rows_listed,
    rows_of,
    sheets_of,
)
from backoffice.jobs.services import enqueue_job
from backoffice.spreadsheets.models import ExportTemplate, Format
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import can_import, request_export, save_template

FETCH_VAR = "fetch"


@dataclass(frozen=True)
class SheetLinks:
    """What a list offers: the page that exports its rows, and kinds of files to import, by address and title."""

    export_url: str
    imports: list[tuple[str, Any]]


class SheetMixin(unfold.ModelAdmin):
    """The spreadsheets of a list, by the names that SPREADSHEET_RESOURCES gives them."""

    spreadsheets: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def sheet_links(self, request: HttpRequest) -> SheetLinks | None:
        """Return what the user may have of the list, and bring to it."""
        upload = reverse(f"{self.admin_site.name}:spreadsheets_importjob_add")
        imports = [
            (f"{upload}?kind={sheet}", get_resource(sheet).title)
            for sheet in self.spreadsheets
            if can_import(sheet, request.user) is None  # type: ignore[arg-type]
        ]
        export_url = self.export_url(request) if sheets_of(self, request.user) else ""
        return SheetLinks(export_url, imports) if imports or export_url else None

    def export_url(self, request: HttpRequest) -> str:
        """Return the address of the page that exports the rows which the list shows, on all of its pages."""
        address = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_export")
        query = list_query(request.GET)
        return f"{address}?{query}" if query else address

    def export_address(self, sheet: str, suffix: str) -> str:
        """Return the address of the page that exports all rows of the list, as a kind of spreadsheet."""
        address = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_export")
        return f"{address}?{urlencode({'sheet': sheet, 'format': suffix})}"

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Ask what of the list is exported and as what, and make it: at once, or in the background when it is large."""
        if not self.spreadsheets:
            raise Http404
        if not self.has_view_permission(request) or not sheets_of(self, request.user):
            raise PermissionDenied(_("Your role does not allow exporting this. Ask a manager."))
        try:
            if request.method == "POST" and "show" not in request.POST:
                return self.start_export(request)
            return self.ask_export(request)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"
            return HttpResponseRedirect(reverse(name))

    def export_selection(self, request: HttpRequest) -> HttpResponse:
        """Ask the same of the rows that are selected in the list; of all of them when the whole list is."""
        if not sheets_of(self, request.user):
            raise PermissionDenied
        return self.ask_export(request)

    def ask_export(self, request: HttpRequest) -> HttpResponse:
        """Show the page that asks what is exported."""
        given = request.POST if request.method == "POST" else request.GET
        template = self.export_template(request)
        sheets = sheets_of(self, request.user)
        sheet = template.sheet if template else given.get("show", given.get("sheet", AS_LISTED))
        if sheet not in sheets:
            raise PermissionDenied(_("Your role does not allow exporting this. Ask a manager."))
        columns = columns_of(self, request, sheet)
        keys = selected_keys(request)
        listed = rows_listed(self, request, keys)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Export"),
            "opts": self.opts,
            "count": len(keys) if keys is not None else listed.count,
            "selected": keys is not None,
            "carried": keys or (),
            "checkbox": ACTION_CHECKBOX_NAME,
            "sheets": sheets.items(),
            "sheet": sheet,
            "columns": [(name, column.sheet.header) for name, column in columns.items()],
            "ticked": template.columns if template else [name for name in columns if not columns[name].extra],
            "formats": Format.choices,
            "format": template.format if template else given.get("format", Format.XLSX),
            "template": template,
            "templates": self.export_templates(request),
            "export_url": self.export_url(request),
            "list_url": reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "list_query": list_query(request.GET),
            "large": settings.EXPORT_PAGE_ROWS,
        }
        return render(request, "desk/export.html", context)

    def export_templates(self, request: HttpRequest) -> Any:
        """Return the templates of this list that the user may use."""
        kept = ExportTemplate.objects.visible_to(request.user).filter(model_label=self.opts.label_lower)
        return kept.filter(sheet__in=sheets_of(self, request.user)).order_by("name")

    def export_template(self, request: HttpRequest) -> ExportTemplate | None:
        """Return the template that the address names."""
        pk = request.GET.get("template", "")
        return get_object_or_404(self.export_templates(request), pk=pk) if pk.isdigit() else None

    def start_export(self, request: HttpRequest) -> HttpResponse:
        """Do what the page asked: keep a template, or make the file."""
        asked = self.export_asked(request)
        if "save" in request.POST:
            return self.keep_template(request, asked)
        keys, actor = selected_keys(request), request.user
        rows = rows_of(self, request, asked["sheet"], rows_listed(self, request, keys))
        large = rows.order_by()[: settings.EXPORT_PAGE_ROWS + 1].count() > settings.EXPORT_PAGE_ROWS
        template = self.export_template(request)
        with transaction.atomic():
            export = request_export(actor=actor, template=template, keys=keys, **asked)  # type: ignore[arg-type]
            if large:
                args = {"pk": export.pk, "total": rows.order_by().count()}
                enqueue_job(kind=EXPORT, key=str(export.pk), args=args, asked_by=actor)  # type: ignore[arg-type]
            else:
                produce(export)
        address = reverse("admin:spreadsheets_exportfile_change", args=[export.pk])
        return HttpResponseRedirect(address if large else f"{address}?{FETCH_VAR}=1")

    def export_asked(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the page asked for, as the fields of AskedRows. Raises ValidationError."""
        sheet, file_format = request.POST.get("sheet", AS_LISTED), request.POST.get("format", "")
        if sheet not in sheets_of(self, request.user):
            raise PermissionDenied(_("Your role does not allow exporting this. Ask a manager."))
        if file_format not in Format.values:
            raise ValidationError(_("Choose a format. Nothing was exported."))
        known, chosen = columns_of(self, request, sheet), request.POST.getlist("column")
        columns = [name for name in known if name in chosen]
        if not columns:
            raise ValidationError(_("No column was chosen. Nothing was exported."))
        query = list_query(request.GET)
        label = self.opts.label_lower
        return {"model_label": label, "sheet": sheet, "format": file_format, "columns": columns, "query": query}

    def keep_template(self, request: HttpRequest, asked: dict[str, Any]) -> HttpResponse:
        """Keep what was asked under a name."""
        name = request.POST.get("name", "").strip()[:80]
        if not name:
            raise ValidationError(_("Give the template a name. Nothing was kept."))
        actor: Any = request.user
        template = save_template(actor=actor, name=name, shared="shared" in request.POST, asked=asked)
        messages.success(request, _("The template “%(name)s” is kept.") % {"name": name})
        mark = "&" if "?" in self.export_url(request) else "?"
        return HttpResponseRedirect(f"{self.export_url(request)}{mark}template={template.pk}")


def selected_keys(request: HttpRequest) -> list[int] | None:
    """Return the keys of the rows that were ticked; None for all that the list shows."""
    posted = request.POST
    if request.method != "POST" or posted.get("select_across") == "1" or ACTION_CHECKBOX_NAME not in posted:
        return None
    return sorted(int(key) for key in posted.getlist(ACTION_CHECKBOX_NAME) if key.isdigit())
