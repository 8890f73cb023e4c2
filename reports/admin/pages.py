"""The pages of reports: which there are, one with its figures, and the files they leave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError, transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from psycopg.errors import QueryCanceled

from backoffice.changes.refusals import Refusal
from backoffice.jobs.services import enqueue_job
from reports.admin.tables import ShownRecords, ShownReport
from reports.behind import behind
from reports.catalogue import REPORTS, UnknownReportError, get_report
from reports.catalogue.base import Group, Question, Report
from reports.delivery import PRODUCE
from reports.execution import Reading, TooManyRowsError
from reports.models import Format, ReportRun
from reports.periods import local_today
from reports.services import ask, can_open_run, can_run_report, limit_time, request_run, run_report

CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
}
NOT_PARAMETERS = {"csrfmiddlewaretoken", "format", "key", "figure"}


class TooSlowError(Exception):
    """The report takes longer than a page waits."""


@require_safe
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """List the reports that the user may run."""
    lead = _("Choose a report. Each figure opens what it is made of, and every report can be had as a file.")
    context = _choice(request, _("Reports"), lead, lambda report: reverse("admin:reports_report", args=[report.slug]))
    context["runs_url"] = reverse("admin:reports_reportrun_changelist")
    return page(request, "reports/catalogue.html", **context)


def choice_page(request: HttpRequest, title: str, address: Callable[[Report], str]) -> HttpResponse:
    """List the reports that the user may plan, each with the `address` that goes on with it."""
    lead = _("Choose a report. You say next what it is asked, when it runs and who gets it.")
    return page(request, "reports/catalogue.html", **_choice(request, title, lead, address))


def _choice(request: HttpRequest, title: str, lead: str, address: Callable[[Report], str]) -> dict[str, Any]:
    permitted = [report for report in REPORTS.values() if can_run_report(report, request.user) is None]
    if not permitted:
        raise PermissionDenied(_("None of the reports is open to your role."))
    groups = [(group.label, [(each, address(each)) for each in permitted if each.group == group]) for group in Group]
    return {"title": title, "lead": lead, "groups": [group for group in groups if group[1]]}


@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a report with its figures; a POST leaves them in a file."""
    report, given = _permitted(request, slug), _given(request)
    try:
        return _leave_file(request, report, given) if request.method == "POST" else _show(request, report, given)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(request.path)


@require_safe
def print_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a report for paper: its figures, what was asked and when, and nothing else."""
    report, given = _permitted(request, slug), _given(request)
    try:
        return _show(request, report, given, template="reports/print.html")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(reverse("admin:reports_report", args=[slug]))


@require_safe
def rows_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the records that a figure of a report is made of, with the figures that they add up to."""
    report, given = _permitted(request, slug), _given(request)
    back = reverse("admin:reports_report", args=[slug])
    try:
        made_of = behind(report, key=request.GET.get("key", ""), figure=request.GET.get("figure", ""))
        question = ask(report, given, today=local_today())
        with _in_time():
            reading = Reading(made_of, question)
            shown = ShownRecords(reading, reading.head(settings.REPORT_PAGE_ROWS))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(back)
    except TooSlowError:
        messages.error(request, _("These rows take longer than a page should wait. Choose a shorter period."))
        return HttpResponseRedirect(back)
    figure = next((str(column.label) for column in report.behind_columns if column.name == made_of.figure), "")
    back = f"{back}?{urlencode(given)}" if given else back
    title = f"{report.title}: {figure.lower()}" if figure else report.title
    return page(request, "reports/rows.html", title=title, report=report, shown=shown, back=back)


@require_safe
@never_cache
def download_page(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """Hand out the file of a run to those who may have it now."""
    run = get_object_or_404(ReportRun.objects.select_related("requested_by"), pk=pk)
    deny(can_open_run(run, request.user))
    if run.state != ReportRun.State.SUCCEEDED:
        raise Http404(_("The file is not there yet."))
    if run.has_expired(at=timezone.now()) or not run.file or not run.path.is_file():
        return render(request, "reports/gone.html", {"run": run}, status=410)
    content_type = CONTENT_TYPES[Format(run.format)]
    return FileResponse(run.path.open("rb"), as_attachment=True, filename=run.filename, content_type=content_type)


def _permitted(request: HttpRequest, slug: str) -> Report:
    try:
        report = get_report(slug)
    except UnknownReportError as error:
        raise Http404(error.messages[0]) from error
    deny(can_run_report(report, request.user))
    return report


def _given(request: HttpRequest) -> dict[str, str]:
    return {name: value for name, value in _sent(request).items() if name not in NOT_PARAMETERS}


def _show(
    request: HttpRequest, report: Report, given: dict[str, str], *, template: str = "reports/report.html"
) -> HttpResponse:
    form, shown, too_slow = report.parameters.asked(given), None, False
    if form.is_valid():
        question = Question(values=form.cleaned_data, period=form.resolve(local_today()))
        try:
            shown = _read(report, question, given)
        except TooSlowError:
            too_slow = True
    context = {"report": report, "form": form, "shown": shown, "too_slow": too_slow, "formats": Format.choices}
    if request.user.has_perm("reports.add_reportschedule"):
        address = reverse("admin:reports_reportschedule_add")
        context["plan_url"] = f"{address}?{urlencode({'report': report.slug, **given})}"
    context["print_url"] = f"{reverse('admin:reports_report_print', args=[report.slug])}?{urlencode(given)}"
    return page(request, template, title=report.title, **context)


def _read(report: Report, question: Question, given: dict[str, str]) -> ShownReport:
    with _in_time():
        reading = Reading(report, question)
        return ShownReport(reading, reading.head(settings.REPORT_PAGE_ROWS), given)


def _leave_file(request: HttpRequest, report: Report, given: dict[str, str]) -> HttpResponse:
    asked: dict[str, Any] = {"report": report.slug, "given": given, "actor": request.user}
    asked["file_format"] = request.POST.get("format", "")
    try:
        with _in_time():
            run = run_report(row_limit=settings.REPORT_INLINE_ROWS, **asked)
    except (TooSlowError, TooManyRowsError):
        run = request_run(**asked)
        enqueue_job(kind=PRODUCE, key=str(run.pk), args={"run": run.pk}, asked_by=asked["actor"])
        messages.info(request, _("This is a large report: it is made in the background, and its file appears here."))
        return HttpResponseRedirect(reverse("admin:reports_reportrun_change", args=[run.pk]))
    return HttpResponseRedirect(run.download_url)


@contextmanager
def _in_time() -> Iterator[None]:
    """Undo what is inside, and raise TooSlowError, when a statement takes longer than a page waits."""
    try:
        with transaction.atomic():
            limit_time(seconds=settings.REPORT_PAGE_SECONDS)
            yield
            limit_time(seconds=0)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlowError from error
        raise


def _sent(request: HttpRequest) -> dict[str, str]:
    return (request.POST if request.method == "POST" else request.GET).dict()


def deny(refusal: Refusal | None) -> None:
    """Answer 403 when there is a refusal, with its sentence."""
    if refusal is not None:
        raise PermissionDenied(refusal.sentence)


def page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    """Return a page of the desk."""
    return render(request, template, {**admin.site.each_context(request), **context})
