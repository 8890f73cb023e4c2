"""Reports that run by themselves: the form in which colleagues plan one, and what is planned."""

from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.desk.admin import DeskModelAdmin
from backoffice.desk.columns import NOTHING, column
from backoffice.desk.filters import ChoiceFilter
from backoffice.desk.planning import PlanColumns, PlanForm, missing_queue, upcoming
from reports.admin.pages import choice_page
from reports.catalogue import REPORTS
from reports.catalogue.base import Report
from reports.formats import as_plain
from reports.models import ReportSchedule
from reports.planning import plan_report, recipients_for
from reports.services import can_run_report

# The parameter of the address, and the field of the form, that says which report it is.
CHOICE = "report"
ASKED = "asked-"


class ChosenReport(forms.Widget):
    """The report that the form is about, by its title, and the way to choose another one."""

    class Media:
        css = {"all": ["reports/reports.css"]}

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return format_html(
            '<input type="hidden" name="{}" value="{}"><span class="report-chosen"><strong>{}</strong>'
            ' <a class="desk-link" href="?{}=">{}</a></span>',
            name,
            value,
            REPORTS[value].title if value in REPORTS else value,
            CHOICE,
            _("Choose another report"),
        )


class ScheduleForm(PlanForm):
    """A plan of a report. `declared` is the report; each of its parameters is a field, called `asked-` and its name."""

    not_for = gettext_lazy(
        "%(value)s may not run this report. Take them off, or ask an administrator for a role that may."
    )
    said_apart = ("cron", "parameters")

    class Meta:
        model = ReportSchedule
        fields = (
            *("title", "report", "format", "only_with_data", "alert_figure", "alert_when", "alert_value"),
            *("due_within", "active"),
        )

    user: Any = None
    declared: Report

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "report" in self.fields:
            self.prepare(self.instance)

    def prepare(self, plan: ReportSchedule) -> None:
        """Offer what the user may choose, and show what was chosen."""
        chosen: Any = self.fields["report"]
        chosen.choices = [(report.slug, report.title) for report in permitted_reports(self.user)]
        chosen.widget = ChosenReport()
        self.initial["report"] = self.declared.slug
        figures = [("", _("always sent")), *totals_of(self.declared).items()]
        self.fields["alert_figure"].widget = UnfoldAdminSelectWidget(choices=figures)
        self.show_plan(plan, recipients_for(self.declared))
        if plan.problem:  # It goes on with whoever saves it, unless they pause it.
            self.initial["active"] = True
        for name, value in plan.parameters.items():
            self.initial.setdefault(ASKED + name, value)

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        self.refuse_overlap()
        if not self.errors:
            parameters = self.declared.parameters.asked(self.parameters)
            for name, errors in parameters.errors.items():
                self.add_error(ASKED + name if name in parameters.fields else None, errors)
            self.refuse_recipients(recipients_for(self.declared))
            if values["alert_figure"] and values["alert_figure"] not in totals_of(self.declared):
                self.add_error("alert_figure", _("This report has no such total. Choose another, or none."))
        return values

    def fill(self, plan: ReportSchedule) -> None:
        super().fill(plan)
        plan.parameters = self.parameters

    @property
    def parameters(self) -> dict[str, Any]:
        """What the report is asked, as a plan keeps it; what was left empty is not asked."""
        given = {name: self.cleaned_data[ASKED + name] for name in self.declared.parameters.base_fields}
        return {name: as_plain(value) for name, value in given.items() if value not in {None, ""}}


def chosen_report(request: HttpRequest, plan: ReportSchedule | None) -> Report | None:
    """Return the report that a form is about: as it was chosen, or as it is planned."""
    slug = request.POST.get(CHOICE) or request.GET.get(CHOICE) or (plan.report if plan else "")
    return REPORTS.get(slug)


def permitted_reports(user: Any) -> list[Report]:
    """Return the reports that `user` may run."""
    return [report for report in REPORTS.values() if can_run_report(report, user) is None]


def totals_of(report: Report) -> dict[str, Any]:
    """Return the columns of a report that are added up, by name and label."""
    return {column.name: column.label for column in report.columns if column.total}


def asked_lines(report: Report) -> list[Any]:
    """Return the fields of the parameters of a report, line by line; from and to stand side by side."""
    names = [ASKED + name for name in report.parameters().fields]
    pair = (ASKED + "date_from", ASKED + "date_to")
    return [pair if name == pair[0] else name for name in names if name != pair[1]]


def asked_in_words(plan: ReportSchedule) -> str:
    """Return what a plan asks its report, parameter by parameter."""
    if plan.report not in REPORTS:
        return NOTHING
    told = REPORTS[plan.report].parameters.in_words(plan.parameters)
    return format_html_join(" · ", "{} <strong>{}</strong>", told) or NOTHING


@admin.register(ReportSchedule)
class ReportScheduleAdmin(PlanColumns, DeskModelAdmin):
    form = ScheduleForm
    # A plan is saved by its service, which lends it the rights of whoever saves it.
    by_services = tuple(ScheduleForm.base_fields)
    list_display = ("title", "report_title", "times", "format", "owned_by", "next_at", "missing", "active")
    list_filter = (("report", ChoiceFilter),)
    queues = (missing_queue(),)
    empty_text = gettext_lazy("Reports that run by themselves appear here. Open a report and choose “Schedule this”.")
    fieldsets = (
        (None, {"fields": ("report", "title")}),
        (gettext_lazy("When it runs"), {"fields": (("rhythm", "at"), "upcoming_runs", "format", "active")}),
        (
            gettext_lazy("Mail"),
            {"fields": ("recipients", "only_with_data", "alert_figure", ("alert_when", "alert_value"), "due_within")},
        ),
        (gettext_lazy("How it goes"), {"fields": ("owned_by", "missing", "trouble")}),
    )
    # A plan that is not made yet has no runs to tell of.
    new_fieldsets = (
        fieldsets[0],
        (fieldsets[1][0], {"fields": (("rhythm", "at"), "format", "active")}),
        fieldsets[2],
    )
    # What those see who may not change it.
    shown = (
        *("title", "report_title", "asks", "times", "upcoming_runs", "format", "active"),
        *("recipients", "only_with_data", "owned_by", "missing", "trouble"),
    )
    readonly_fields = ("report_title", "asks", "times", "upcoming_runs", "owned_by", "missing", "trouble")

    report_title = column(lambda plan: plan.get_report_display(), gettext_lazy("report"))
    asks = column(asked_in_words, gettext_lazy("asks for"))
    owned_by = column(lambda plan: str(plan.owner or _("the desk")), gettext_lazy("runs with the rights of"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form with the fields of the report that it is about."""
        report = chosen_report(request, obj)
        if report is None:
            return super().get_form(request, obj, change, **kwargs)
        asked = {ASKED + name: deepcopy(field) for name, field in report.parameters.base_fields.items()}
        form = type("PlannedForm", (self.form,), {"user": request.user, "declared": report} | asked)
        return super().get_form(request, obj, change, **{"form": form} | kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": self.shown})]
        report = chosen_report(request, obj)
        what, *others = self.fieldsets if obj else self.new_fieldsets
        asked = asked_lines(report) if report else []
        return [what, *([(gettext_lazy("Asks for"), {"fields": asked})] if asked else []), *others]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the page of a report hands over: what it was asked."""
        report = chosen_report(request, None)
        asked = {ASKED + name: value for name, value in request.GET.items()}
        return {"title": str(report.title) if report else ""} | asked

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Have a report chosen first: the form has its fields."""
        sent = request.POST if request.method == "POST" else request.GET
        if (CHOICE in sent or object_id is None) and sent.get(CHOICE) not in REPORTS:
            return self.choose(request, object_id)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def choose(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Show the reports that can be planned, each with the way to this form."""
        plan = self.get_object(request, unquote(object_id)) if object_id else None
        if not (self.has_change_permission(request, plan) if plan else self.has_add_permission(request)):
            raise PermissionDenied
        title = _("Which report should “%(title)s” be?") % {"title": plan} if plan else _("Which report should run?")
        return choice_page(request, title, lambda report: f"{request.path}?{urlencode({CHOICE: report.slug})}")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        fixed = obj is not None and (obj.declared_in_code or obj.report not in REPORTS)
        return super().has_change_permission(request, obj) and not fixed

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        form.fill(obj)
        plan_report(schedule=obj, actor=request.user, now=timezone.now())
        self.message_user(request, _("It runs next: %(times)s.") % {"times": upcoming(obj)})
