"""Jobs and schedules: what runs, what failed and why, and what comes next."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django_q.models import Failure, OrmQ, Success
from django_q.models import Schedule as ClusterSchedule

from backoffice.desk.actions import desk_action
from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.columns import NOTHING, badge, code, column, row_link, text, when
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter
from backoffice.desk.queues import Queue
from backoffice.desk.screens.live_jobs import LivePages, part, title_of, upcoming
from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.schedules import get_schedule
from backoffice.jobs.services import (
    can_cancel_job,
    can_pause_schedule,
    can_resume_schedule,
    can_retry_job,
    can_run_schedule,
    cancel_job,
    pause_schedule,
    resume_schedule,
    retry_job,
    run_schedule,
)

# The pages of the queue's library let who may change a schedule run any code, and repeat tasks unasked.
for model in (ClusterSchedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


def stop_link(job: Job) -> str:
    """Return the way to stop a job that is open: its dialog, or the page of it."""
    if not job.is_open or job.cancel_requested:
        return ""
    url = reverse("admin:jobs_job_action", args=[job.pk, "cancel"])
    return format_html(
        '<a class="desk-link" href="{0}" hx-get="{0}" hx-target="#modal-content" hx-select="#dialog"'
        ' x-on:htmx:after-on-load="openModal = true">{1}</a>',
        url,
        _("Cancel"),
    )


def schedule_words(row: JobSchedule) -> Any:
    """Return when it is due, as its declaration says it."""
    declared = get_schedule(row.name)
    return capfirst(declared.words) if declared else row.cron


@admin.register(Job)
class JobAdmin(LivePages):
    list_display = ("what", "key", "status", "bar", "took", "asked", "by", "why")
    stoppable = (*list_display[:4], "stop", *list_display[4:])
    list_display_links = ("what",)
    sortable_by = ("asked",)
    search_exact = ("key",)
    list_filter = (("state", ChoiceFilter), ("asked_by", RelatedFilter), ("created_at", DateRangeFilter))
    queues = (
        Queue(
            "failed",
            _("Failed this week"),
            lambda jobs, user: jobs.failed(),
            tone="red",
            empty=_("All is well: nothing failed in the last seven days."),
            on_home=True,
        ),
        Queue("late", _("Waiting too long"), lambda jobs, user: jobs.late(), tone="red", on_home=True),
        Queue("open", _("Waiting and running"), lambda jobs, user: jobs.open(), empty=_("Nothing waits or runs.")),
    )
    empty_text = _("Work that takes longer than a page is listed here: imports, reports, what is done at night.")
    fields = (
        "what",
        "key",
        "status",
        "bar",
        "took",
        "why",
        "attempts",
        "args",
        "result",
        "by",
        "written",
        "runs_on",
        "created_at",
        "started_at",
        "finished_at",
        "heartbeat_at",
        "traceback",
    )
    readonly_fields = fields
    desk_actions = ("cancel", "retry")

    what = column(lambda job: title_of(job.kind), _("job"))
    status = column(lambda job: part("state", job), _("state"))
    bar = column(lambda job: part("bar", job), _("progress"))
    took = column(lambda job: part("took", job), _("duration"))
    asked = when("created_at", _("asked for"))
    by = column(lambda job: job.asked_by or _("a schedule or the desk"), _("asked by"))
    why = text("error", _("error"))
    runs_on = column(lambda job: job.worker or NOTHING, _("worker"))
    stop = column(stop_link, "")
    attempts = column(lambda job: f"{job.attempt} / {job.max_attempts}", _("attempts"))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Put the way to stop a job beside its progress, for those who may."""
        return self.stoppable if self.may(request, "cancel_job") else self.list_display

    @admin.display(description=_("Changes"))
    def written(self, job: Job) -> str:
        if job.change_set_id is None:
            return NOTHING
        site = self.admin_site.get_model_admin(Job._meta.get_field("change_set").related_model)
        return row_link(site.url("change", job.change_set_id), job.change_set)

    @desk_action(
        _("Cancel"),
        permission="cancel_job",
        icon="cancel",
        tone="danger",
        check=can_cancel_job,
        hidden_when_refused=True,
        explain=_("A job that waits ends now; one that runs stops at its next check, and its writes are undone."),
        done=lambda count: ngettext_lazy(
            "%(count)s job is cancelled or asked to stop.", "%(count)s jobs are cancelled or asked to stop.", count
        ),
    )
    def cancel(self, request: HttpRequest, job: Job, **_asked: Any) -> None:
        cancel_job(job=job)

    @desk_action(
        _("Run again"),
        permission="retry_job",
        icon="replay",
        main=True,
        check=can_retry_job,
        hidden_when_refused=True,
        done=lambda count: ngettext_lazy("%(count)s job runs again.", "%(count)s jobs run again.", count),
    )
    def retry(self, request: HttpRequest, job: Job, **_asked: Any) -> None:
        retry_job(job=job)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the traceback to administrators only: it may hold what others must not see."""
        if request.user.has_perm("accounts.change_user"):
            return self.fields
        return [name for name in self.fields if name != "traceback"]


@admin.register(JobSchedule)
class JobScheduleAdmin(ReadOnlyAdmin):
    list_display = ("title", "words", "zone", "following", "last", "status", "trouble")
    list_display_links = ("title",)
    sortable_by = ()
    queues = (
        Queue(
            "late",
            _("Did not start"),
            lambda schedules, user: schedules.late(),
            tone="red",
            empty=_("All is well: every schedule started when it was due."),
            on_home=True,
        ),
    )
    empty_text = _("Schedules are declared in the code of each app, and appear when the database is migrated.")
    fields = (*list_display, "missed", "cron", "kind")
    readonly_fields = fields
    desk_actions = ("run_now", "pause", "resume")

    title = code("name", _("schedule"))
    words = column(schedule_words, _("when"))
    zone = text("time_zone", _("time zone"))
    following = column(lambda row: _("paused") if row.paused else upcoming(row.next_due), _("next run"))
    last = when("last_due", _("last due"))
    status = badge("last_job__state", _("last run"))
    trouble = text("problem", _("problem"))

    @desk_action(
        _("Run now"),
        permission="run_jobschedule",
        icon="play_arrow",
        main=True,
        check=can_run_schedule,
        explain=_("Its job starts at once, for this moment. The times of the schedule stay as they are."),
        done=lambda count: ngettext_lazy("%(count)s job is on its way.", "%(count)s jobs are on their way.", count),
    )
    def run_now(self, request: HttpRequest, schedule: JobSchedule, **_asked: Any) -> None:
        actor: Any = request.user
        run_schedule(schedule=schedule, asked_by=actor)

    @desk_action(
        _("Pause"),
        permission="pause_jobschedule",
        icon="pause",
        check=can_pause_schedule,
        hidden_when_refused=True,
        explain=_("Its times pass without a job until somebody lets it go on. They are not made up for."),
        done=lambda count: ngettext_lazy("%(count)s schedule is paused.", "%(count)s schedules are paused.", count),
    )
    def pause(self, request: HttpRequest, schedule: JobSchedule, **_asked: Any) -> None:
        pause_schedule(schedule=schedule)

    @desk_action(
        _("Let it go on"),
        permission="pause_jobschedule",
        icon="resume",
        main=True,
        check=can_resume_schedule,
        hidden_when_refused=True,
        done=lambda count: ngettext_lazy("%(count)s schedule goes on.", "%(count)s schedules go on.", count),
    )
    def resume(self, request: HttpRequest, schedule: JobSchedule, **_asked: Any) -> None:
        resume_schedule(schedule=schedule)
