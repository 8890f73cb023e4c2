"""Spreadsheets of a list: the rows it shows as a file, and the way to the page that takes one."""

import logging
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from unfold import admin as unfold

from backoffice.desk.downloads import attachment
from backoffice.spreadsheets.exports import write_rows
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.services import can_import

logger = logging.getLogger(__name__)

# What one waits for: 200,000 rows of a workbook take about 10 s, a million rows of CSV about 2 s.
WORKBOOK_ROWS = 200_000


@dataclass(frozen=True)
class SheetLinks:
    """What a list offers of one kind of spreadsheet; an empty address is not offered."""

    title: Any
    csv_url: str
    xlsx_url: str
    import_url: str


class SheetMixin(unfold.ModelAdmin):
    """The spreadsheets of a list, by the names that SPREADSHEET_RESOURCES gives them."""

    spreadsheets: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<slug:sheet>.<slug:suffix>", view, name=name), *super().get_urls()]

    def sheet_links(self, request: HttpRequest, cl: Any) -> list[SheetLinks]:
        """Return what the user may have of the rows that the list `cl` shows."""
        links = []
        for sheet in self.spreadsheets:
            resource = get_resource(sheet)
            export = request.user.has_perms(resource.export_permissions)
            taken = can_import(sheet, request.user) is None  # type: ignore[arg-type]
            upload = f"{reverse(f'{self.admin_site.name}:spreadsheets_importjob_add')}?kind={sheet}"
            csv, xlsx = (self.export_url(sheet, suffix, cl) if export else "" for suffix in ("csv", "xlsx"))
            links.append(SheetLinks(resource.title, csv, xlsx, upload if taken else ""))
        return [each for each in links if each.csv_url or each.import_url]

    def export_url(self, sheet: str, suffix: str, cl: Any) -> str:
        """Return the address of the file with the rows that `cl` shows on all of its pages."""
        return self.export_address(sheet, suffix) + str(cl.get_query_string())

    def export_address(self, sheet: str, suffix: str) -> str:
        """Return the address of the file with all rows of the list."""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_export"
        return reverse(name, kwargs={"sheet": sheet, "suffix": suffix})

    @method_decorator(require_safe)
    def export_view(self, request: HttpRequest, sheet: str, suffix: str) -> HttpResponse | FileResponse:
        """Hand out what the list shows under the queue, filters and search of the address."""
        if sheet not in self.spreadsheets or suffix not in ("csv", "xlsx"):
            raise Http404
        resource = get_resource(sheet)
        if not self.has_view_permission(request) or not request.user.has_perms(resource.export_permissions):
            raise PermissionDenied(_("Your role does not allow exporting this. Ask a manager."))
        try:
            listed = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return self.back_to_list(request, _("The address named a filter that is not there. Nothing was exported."))
        rows = rows_among(resource, listed)
        if suffix == "xlsx" and rows.order_by()[: WORKBOOK_ROWS + 1].count() > WORKBOOK_ROWS:
            return self.back_to_list(request, too_many_sentence(), request.GET.urlencode())
        name = f"{sheet} {timezone.localtime():%Y-%m-%d %H.%M}.{suffix}"
        response = attachment(name, lambda target: write_rows(resource, rows, target))
        logger.info("Exported %s as %s, listed by “%s”", sheet, suffix, request.GET.urlencode())
        return response

    def back_to_list(self, request: HttpRequest, sentence: str, query: str = "") -> HttpResponseRedirect:
        messages.error(request, sentence)
        url = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return HttpResponseRedirect(f"{url}?{query}" if query else url)


def rows_among(resource: SheetResource, listed: Any) -> Any:
    """Return the rows of an export that belong to the rows `listed`."""
    return resource.exported_rows().filter(**{f"{resource.listed_as}__in": listed.order_by().values("pk")})


def too_many_sentence() -> str:
    return ngettext(
        "An Excel file from a list holds up to %(limit)s row. Narrow the filters, or take CSV.",
        "An Excel file from a list holds up to %(limit)s rows. Narrow the filters, or take CSV.",
        WORKBOOK_ROWS,
    ) % {"limit": f"{WORKBOOK_ROWS:,}"}
