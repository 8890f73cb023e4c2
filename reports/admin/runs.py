"""What ran, and what runs by itself."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.columns import NOTHING, badge, column, number, row_link, when
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter
from backoffice.desk.queues import Queue
from reports.admin.comparisons import compare_page
from reports.admin.pages import catalogue_page, download_page, print_page, report_page, rows_page
from reports.catalogue import REPORTS
from reports.delivery import can_run_again, run_again
from reports.formats import in_words
from reports.models import ReportRun
from reports.services import can_open_run


def seconds(run: ReportRun) -> str:
    """Return how long a run took."""
    return NOTHING if run.duration is None else _("%(seconds).1f s") % {"seconds": run.duration.total_seconds()}


def file_link(run: ReportRun) -> str:
    """Return a link to the file, or what became of it."""
    if run.state != ReportRun.State.SUCCEEDED:
        return NOTHING
    if not run.file:
        return _("deleted")
    return row_link(run.download_url, run.get_format_display())


def checksum_shown(run: ReportRun) -> str:
    """Return the checksum of the file, in as many lines as it needs."""
    return format_html('<span class="desk-code desk-long">{}</span>', run.sha256) if run.sha256 else NOTHING


def compare_link(run: ReportRun) -> str:
    """Return a link to what changed since the run before."""
    if run.state != ReportRun.State.SUCCEEDED or not run.file:
        return NOTHING
    return row_link(reverse("admin:reports_reportrun_compare", args=[run.pk]), _("Compare with the run before"))


def asked(run: ReportRun) -> str:
    """Return the parameters as they were asked, in words."""
    if run.report not in REPORTS:
        return NOTHING
    told = REPORTS[run.report].parameters.in_words(run.parameters)
    return " · ".join(f"{label}: {value}" for label, value in told if value is not False) or NOTHING


def totals(run: ReportRun) -> str:
    """Return the totals, each under the name of its column."""
    shown = [
        format_html("{} <strong>{}</strong>", column.label, in_words(run.totals[column.name], column))
        for column in run.columns
        if column.name in run.totals
    ]
    return format_html(" · ".join(["{}"] * len(shown)), *shown) if shown else NOTHING


@admin.register(ReportRun)
class ReportRunAdmin(ReadOnlyAdmin):
    list_display = ("name", "state_badge", "asked_by", "requested", "rows", "size_shown", "took", "download")
    list_filter = (("report", ChoiceFilter), ("state", ChoiceFilter), ("requested_at", DateRangeFilter))
    sortable_by = ("requested",)
    queues = (
        Queue("mine", gettext_lazy("Mine"), lambda runs, user: runs.filter(requested_by=user), personal=True),
        Queue("failed", gettext_lazy("Failed"), lambda runs, user: runs.failed(), tone="red", on_home=True),
    )
    empty_text = gettext_lazy("Reports that were run appear here. Choose one under Reports and download it.")
    fields = (
        *("name", "parameters_shown", "dates", "state_badge", "error", "asked_by", "requested", "schedule"),
        *("intended_for", "data_as_of", "rows", "sums", "comparison", "took", "size_shown", "checksum", "kept_until"),
        *("download", "delivery"),
    )
    readonly_fields = fields

    desk_actions = ("again",)

    name = column(lambda run: run.title, gettext_lazy("report"))
    parameters_shown = column(asked, gettext_lazy("asked for"))
    dates = column(lambda run: str(run.period), gettext_lazy("dates"))
    state_badge = badge("state")
    asked_by = column(lambda run: run.requested_words, gettext_lazy("who"))
    requested = when("requested_at", gettext_lazy("when"))
    data_as_of = when("as_of", gettext_lazy("data as of"))
    rows = number("row_count", gettext_lazy("rows"))
    sums = column(totals, gettext_lazy("totals"))
    comparison = column(compare_link, gettext_lazy("what changed"))
    size_shown = column(lambda run: filesizeformat(run.size) if run.size else NOTHING, gettext_lazy("size"))
    took = column(seconds, gettext_lazy("took"))
    checksum = column(checksum_shown, gettext_lazy("SHA-256"))
    kept_until = when("expires_at", gettext_lazy("kept until"))
    download = column(file_link, gettext_lazy("file"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        unset = {name for name in ("error", "schedule", "intended_for", "delivery") if not getattr(obj, name, None)}
        if obj is not None and not obj.is_dated:
            unset.add("dates")
        return [name for name in self.fields if name not in unset]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and (obj is None or can_open_run(obj, request.user) is None)

    @desk_action(
        gettext_lazy("Run again"),
        permission="download_any_reportrun",
        icon="replay",
        main=True,
        hidden_when_refused=True,
        check=can_run_again,
        done=lambda count: gettext_lazy("It runs again, with the dates that it had."),
    )
    def again(self, request: StaffRequest, run: ReportRun, **asked: Any) -> None:
        run_again(run=run)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("catalogue/", view(catalogue_page), name="reports_catalogue"),
            path("catalogue/<slug:slug>/", view(report_page), name="reports_report"),
            path("catalogue/<slug:slug>/rows/", view(rows_page), name="reports_report_rows"),
            path("catalogue/<slug:slug>/print/", view(print_page), name="reports_report_print"),
            path("<int:pk>/compare/", view(compare_page), name="reports_reportrun_compare"),
            path("<int:pk>/download/", view(download_page), name="reports_reportrun_download"),
        ]
        return own + super().get_urls()
