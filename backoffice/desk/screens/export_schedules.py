"""Exports that run by themselves: which template, when, and where it goes."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import DeskModelAdmin
from backoffice.desk.columns import NOTHING, column, exactly, number, status_badge
from backoffice.desk.filters import RelatedFilter
from backoffice.desk.planning import PlanColumns, PlanForm, missing_queue, upcoming
from backoffice.desk.screens.exports import file_link, kind_of, state_of
from backoffice.desk.sections import TableSection
from backoffice.jobs.services import can_pause_plan, can_resume_plan, can_run_plan, pause_plan, resume_plan, run_plan
from backoffice.spreadsheets.models import ExportSchedule, ExportTemplate
from backoffice.spreadsheets.services import can_have, can_put, plan_export, recipients_of

SHOWN = 5
# The parameter of the address, and the field of the form, that says which template it is about.
TEMPLATE = "template"


def newest(schedule: ExportSchedule) -> Any:
    """Return the last exports of a schedule."""
    return schedule.files.order_by("-pk")[:SHOWN]


def last_lines(schedule: ExportSchedule) -> str:
    """Return the last exports of a schedule, a line each: the file, what became of it, and where it went."""
    lines = [(file_link(each), state_of(each), each.error or each.delivery) for each in newest(schedule)]
    return format_html_join(mark_safe("<br>"), '{} {} <span class="desk-long">{}</span>', lines) or _("none yet")


class LastExports(TableSection):
    empty_text = gettext_lazy("Nothing was exported yet.")
    columns = (
        column(file_link, gettext_lazy("file")),
        exactly("intended_for", gettext_lazy("meant for")),
        number("rows", gettext_lazy("rows")),
        column(state_of, gettext_lazy("state")),
        column(lambda export: export.delivery or NOTHING, gettext_lazy("went to")),
    )

    def rows(self) -> Any:
        return newest(self.row)


class ExportScheduleForm(PlanForm):
    """A plan of an export. Recipients are those who may have what its template exports."""

    not_for = gettext_lazy(
        "%(value)s may not export these rows. Take them off, or ask an administrator for a role that may."
    )

    class Meta:
        model = ExportSchedule
        fields = ("title", "template", "format", "recipients", "to_folder", "only_with_rows", "due_within")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "template" in self.fields:
            offered: Any = self.fields["template"]
            offered.queryset = templates_for(self.user, self.instance)
            self.show_plan(self.instance, recipients_of(self.chosen) if self.chosen else [])
            refusal = can_put(ExportSchedule(to_folder=True))
            if refusal and not self.instance.to_folder:
                self.fields["to_folder"].disabled = True
                self.fields["to_folder"].help_text = refusal.sentence

    @cached_property
    def chosen(self) -> ExportTemplate | None:
        """The template that the form is about."""
        key = str(self.data.get(TEMPLATE) or self.initial.get(TEMPLATE) or "")
        return templates_for(self.user, self.instance).filter(pk=key).first() if key.isdigit() else None

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        self.refuse_overlap()
        if not self.errors:
            self.refuse_recipients(recipients_of(values["template"]))
        if not self.errors:
            self.fill(self.instance)
        return values


def templates_for(user: Any, schedule: ExportSchedule) -> Any:
    """Return the templates that `user` may schedule; among them, whosever it is, the one that is scheduled already."""
    kept = ExportTemplate.objects.visible_to(user)
    if schedule.pk:
        kept |= ExportTemplate.objects.filter(pk=schedule.template_id)
    usable = [template.pk for template in kept if can_have(template, user) is None]
    return ExportTemplate.objects.filter(pk__in=usable).select_related("owner").order_by("name")


def state_shown(schedule: ExportSchedule) -> str:
    """Return how it stands."""
    if schedule.problem:
        return status_badge("stopped", _("Stopped"), "red")
    if not schedule.active:
        return status_badge("draft", _("Paused"))
    if schedule.missing_since:
        return status_badge("missing", _("Did not arrive"), "red")
    return status_badge("active", _("Active"), "green")


def goes_to(schedule: ExportSchedule) -> str:
    """Return where it goes, in words."""
    folder = [_("the export folder")] if schedule.to_folder else []
    return ", ".join([*schedule.recipients, *folder])


@admin.register(ExportSchedule)
class ExportScheduleAdmin(PlanColumns, DeskModelAdmin):
    form = ExportScheduleForm
    # A schedule is saved by its service, which lends it the rights of whoever saves it.
    by_services = tuple(ExportScheduleForm.base_fields)
    list_display = ("title", "state", "next_at", "times", "goes", "template", "format", "owned_by")
    list_filter = (("owner", RelatedFilter),)
    list_sections = (LastExports,)
    queues = (missing_queue(),)
    row_name = gettext_lazy("export schedule")
    row_names = gettext_lazy("export schedules")
    empty_text = gettext_lazy(
        "Exports that run by themselves appear here. Keep an export as a template, and choose “Schedule it”."
    )
    fieldsets = (
        (None, {"fields": ("title", "template", "format", "only_with_rows")}),
        (gettext_lazy("When it runs"), {"fields": (("rhythm", "at"), "upcoming_runs", "due_within")}),
        (gettext_lazy("Where it goes"), {"fields": ("recipients", "to_folder")}),
        (gettext_lazy("How it goes"), {"fields": ("owned_by", "state", "trouble", "last_exports")}),
    )
    # A schedule that is not made yet has nothing to tell of.
    new_fieldsets = (fieldsets[0], (fieldsets[1][0], {"fields": (("rhythm", "at"), "due_within")}), fieldsets[2])
    readonly_fields = ("upcoming_runs", "owned_by", "state", "trouble", "last_exports")
    desk_actions = ("run_now", "pause", "resume")

    state = column(state_shown, gettext_lazy("state"))
    goes = column(goes_to, gettext_lazy("goes to"))
    owned_by = column(lambda plan: str(plan.owner or NOTHING), gettext_lazy("runs with the rights of"))
    last_exports = column(last_lines, gettext_lazy("last exports"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = type("PlannedForm", (self.form,), {"user": request.user})
        return super().get_form(request, obj, change, **{"form": form} | kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.new_fieldsets

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the template says, and that it is for the user."""
        template = templates_for(request.user, ExportSchedule()).filter(pk=request.GET[TEMPLATE]).first()
        said = {"title": template.name, "format": template.format, TEMPLATE: template.pk} if template else {}
        return said | {"recipients": [request.user.email]}  # type: ignore[union-attr]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Have a template chosen first: it says who may get what it exports."""
        sent = request.POST if request.method == "POST" else request.GET
        if not sent.get(TEMPLATE, "").isdigit():
            return self.choose(request)
        return super().add_view(request, form_url, extra_context)

    def choose(self, request: HttpRequest) -> HttpResponse:
        """Show the templates that can be scheduled, each with the way to this form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        templates = [(template, kind_of(template)) for template in templates_for(request.user, ExportSchedule())]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Which template should be exported?"),
            "opts": self.opts,
            "templates": templates,
        }
        return render(request, "desk/export_choose.html", context)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        plan_export(schedule=obj, actor=request.user, now=timezone.now())
        self.message_user(request, _("It runs next: %(times)s.") % {"times": upcoming(obj)})

    @desk_action(
        gettext_lazy("Run now"),
        permission="change_exportschedule",
        icon="play_arrow",
        main=True,
        check=can_run_plan,
        explain=gettext_lazy("It is exported and sent at once, with its owner's rights. Its times stay as they are."),
        done=lambda count: ngettext_lazy(
            "%(count)s export is on its way.", "%(count)s exports are on their way.", count
        ),
    )
    def run_now(self, request: StaffRequest, schedule: ExportSchedule, **_asked: Any) -> None:
        run_plan(plan=schedule, actor=request.user)

    @desk_action(
        gettext_lazy("Pause"),
        permission="change_exportschedule",
        icon="pause",
        check=can_pause_plan,
        hidden_when_refused=True,
        explain=gettext_lazy("Its times pass without an export until somebody lets it go on."),
        done=lambda count: ngettext_lazy("%(count)s schedule is paused.", "%(count)s schedules are paused.", count),
    )
    def pause(self, request: StaffRequest, schedule: ExportSchedule, **_asked: Any) -> None:
        pause_plan(plan=schedule, actor=request.user)

    @desk_action(
        gettext_lazy("Let it go on"),
        permission="change_exportschedule",
        icon="resume",
        check=can_resume_plan,
        hidden_when_refused=True,
        explain=gettext_lazy("It runs at its next time. What passed while it was paused is not made up for."),
        done=lambda count: ngettext_lazy("%(count)s schedule goes on.", "%(count)s schedules go on.", count),
    )
    def resume(self, request: StaffRequest, schedule: ExportSchedule, **_asked: Any) -> None:
        resume_plan(plan=schedule, actor=request.user)
