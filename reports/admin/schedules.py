"""Reports that run by themselves: the form in which colleagues plan one, and what is planned."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.desk.admin import DeskModelAdmin
from backoffice.desk.columns import NOTHING, column, text, when
from backoffice.desk.filters import ChoiceFilter
from backoffice.desk.forms import VersionedForm
from backoffice.desk.queues import Queue
from reports.catalogue import REPORTS, get_report
from reports.models import ReportSchedule
from reports.periods import local_today
from reports.planning import plan_report, recipients_for
from reports.rhythms import Rhythm, as_cron, from_cron
from reports.services import ask, can_run_report

PREVIEWED = 5


class ScheduleForm(VersionedForm):
    """A plan in words: what, how often and when, for whom. Whoever saves it lends it their rights."""

    rhythm = forms.ChoiceField(label=gettext_lazy("Runs"), choices=Rhythm, initial=Rhythm.WORKING_DAYS)
    at = forms.TimeField(
        label=gettext_lazy("At"),
        initial="07:30",
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Hour and minute, as 07:30."),
    )
    asked = forms.CharField(
        label=gettext_lazy("Asks for"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A parameter a line, as period=last_month; what is left out takes its default."),
    )
    recipients = forms.MultipleChoiceField(
        label=gettext_lazy("Recipients"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ReportSchedule
        fields = (
            *("title", "report", "format", "only_with_data", "alert_figure", "alert_when", "alert_value"),
            *("due_within", "active"),
        )

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "report" in self.fields:
            self.prepare(self.instance)

    def prepare(self, plan: ReportSchedule) -> None:
        """Offer what the user may choose, and show what was chosen."""
        permitted = [slug for slug, report in REPORTS.items() if can_run_report(report, self.user) is None]
        self.offer("report", [(slug, REPORTS[slug].title) for slug in permitted])
        figures = {c.name: c.label for slug in permitted for c in REPORTS[slug].columns if c.total}
        figure_choices = [("", _("always sent")), *figures.items()]
        self.fields["alert_figure"].widget = UnfoldAdminSelectWidget(choices=figure_choices)
        staff = {user.email: str(user) for user in recipients_for(*(REPORTS[slug] for slug in permitted))}
        staff |= {email: email for email in plan.recipients}
        self.offer("recipients", sorted(staff.items(), key=lambda person: person[1]))
        self.initial.setdefault("recipients", plan.recipients)
        if plan.pk:
            rhythm, at = from_cron(plan.cron)
            self.initial.update(rhythm=rhythm, at=f"{at:%H:%M}")
        if plan.parameters:
            self.initial["asked"] = "\n".join(f"{name}={value}" for name, value in plan.parameters.items())

    def offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def clean_asked(self) -> dict[str, str]:
        lines = [line.strip() for line in self.cleaned_data["asked"].splitlines() if line.strip()]
        if wrong := [line for line in lines if "=" not in line]:
            raise ValidationError(_("Write a parameter as name=value: %(line)s"), params={"line": wrong[0]})
        return {name.strip(): value.strip() for name, _is, value in (line.partition("=") for line in lines)}

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        if not self.errors:
            report = get_report(values["report"])
            try:
                ask(report, values["asked"], today=local_today())
            except ValidationError as error:
                self.add_error("asked", error)
            refused = set(values["recipients"]) - {user.email for user in recipients_for(report)}
            if refused:
                self.add_error("recipients", _refused_words(sorted(refused)))
            if values["alert_figure"] and values["alert_figure"] not in {c.name for c in report.columns if c.total}:
                self.add_error("alert_figure", _("This report has no such total. Choose another, or none."))
        return values


def _refused_words(emails: list[str]) -> str:
    return _("%(who)s may not run this report. Take them off, or ask an administrator for a role that may.") % {
        "who": ", ".join(emails)
    }


def upcoming(plan: ReportSchedule, count: int = PREVIEWED) -> str:
    """Return the next runs, in words."""
    times = plan.next_times(timezone.now(), count)
    return " · ".join(date_format(timezone.localtime(at), "D j M Y, H:i") for at in times)


@admin.register(ReportSchedule)
class ReportScheduleAdmin(DeskModelAdmin):
    form = ScheduleForm
    # A plan is saved by its service, which lends it the rights of whoever saves it.
    by_services = tuple(ScheduleForm.base_fields)
    list_display = ("title", "report_title", "times", "format", "owned_by", "next_at", "missing", "active")
    list_filter = (("report", ChoiceFilter),)
    queues = (
        Queue(
            "missing",
            gettext_lazy("Did not arrive"),
            lambda plans, user: plans.did_not_arrive() | plans.overdue(timezone.now()),
            tone="red",
            on_home=True,
        ),
    )
    empty_text = gettext_lazy("Reports that run by themselves appear here. Open a report and choose “Schedule this”.")
    fieldsets = (
        (None, {"fields": ("title", "report", "asked", ("rhythm", "at"), "upcoming_runs", "format", "active")}),
        (
            gettext_lazy("Mail"),
            {"fields": ("recipients", "only_with_data", ("alert_figure", "alert_when", "alert_value"), "due_within")},
        ),
        (gettext_lazy("How it goes"), {"fields": ("owned_by", "missing", "trouble")}),
    )
    # What those see who may not change it.
    shown = (
        *("title", "report_title", "times", "upcoming_runs", "parameters", "format", "active"),
        *("recipients", "only_with_data", "owned_by", "missing", "trouble"),
    )
    readonly_fields = ("report_title", "times", "upcoming_runs", "owned_by", "missing", "trouble")

    report_title = column(lambda plan: plan.get_report_display(), gettext_lazy("report"))
    times = text("words", gettext_lazy("runs"))
    owned_by = column(lambda plan: str(plan.owner or _("the desk")), gettext_lazy("runs with the rights of"))
    next_at = column(lambda plan: upcoming(plan, 1) if plan.active else NOTHING, gettext_lazy("next run"))
    missing = when("missing_since", gettext_lazy("did not arrive"))
    trouble = text("problem")
    upcoming_runs = column(upcoming, gettext_lazy("next five runs"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type("PlannedForm", (form,), {"user": request.user})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(title, {"fields": _without(fields["fields"])}) for title, fields in self.fieldsets[:2]]
        return self.fieldsets if self.has_change_permission(request, obj) else [(None, {"fields": self.shown})]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the page of a report hands over: its slug and what it was asked."""
        given = request.GET.dict()
        slug = given.pop("report", "")
        title = str(REPORTS[slug].title) if slug in REPORTS else ""
        return {"report": slug, "title": title, "asked": "\n".join(f"{name}={value}" for name, value in given.items())}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.declared_in_code)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = form.cleaned_data
        obj.cron, obj.parameters = as_cron(values["rhythm"], values["at"]), values["asked"]
        obj.recipients = values["recipients"]
        plan_report(schedule=obj, actor=request.user, now=timezone.now())
        self.message_user(request, _("It runs next: %(times)s.") % {"times": upcoming(obj)})


def _without(fields: Any) -> Any:
    return tuple(field for field in fields if field != "upcoming_runs")
