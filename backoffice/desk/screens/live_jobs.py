"""Jobs as they go: how far each is, how long it will take, and how all of them are doing."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import formats, timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.columns import NOTHING, figure, status_badge
from backoffice.jobs.health import findings, queue_states
from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.registry import all_kinds

SHOWN = 10
SCHEDULES_SHOWN = 5
MOST_AT_ONCE = 100


def title_of(kind: str) -> Any:
    """Return what jobs of a kind do, in words; the kind itself when the code knows it no more."""
    return next((each.title for each in all_kinds() if each.name == kind), kind)


def as_time(span: timedelta) -> str:
    """Return a span as a clock shows it: 0:07, 12:30, 1:05:00."""
    seconds = int(span.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def duration(job: Job) -> str:
    """Return how long the job took, or takes by now."""
    if job.started_at is None:
        return NOTHING
    return as_time(max((job.finished_at or timezone.now()) - job.started_at, timedelta()))


def pace(job: Job) -> str:
    """Return how much of a running job's phase is done in a second, and how long the rest takes at that pace."""
    since = job.phase_started_at or job.started_at
    elapsed = (timezone.now() - since).total_seconds() if since else 0
    if job.state != Job.State.RUNNING or not job.done or elapsed < 1:
        return ""
    rate = job.done / elapsed
    shown = figure(round(rate)) if rate >= 10 else f"{rate:.1f}"
    if not job.total:
        return _("%(rate)s a second") % {"rate": shown}
    left = as_time(timedelta(seconds=max(job.total - job.done, 0) / rate))
    return _("%(rate)s a second · %(left)s left") % {"rate": shown, "left": left}


def progress(job: Job) -> str:
    """Return how far the job is, as a bar and in figures; of several phases, how far it is in which one."""
    is_running = job.state == Job.State.RUNNING
    phase = (job.phase or _("at work")) if is_running else ""
    if job.percent is None:
        done = _("%(done)s so far") % {"done": figure(job.done)} if job.done else ""
        return " · ".join(filter(None, [phase, done, pace(job)])) or NOTHING
    words = _("%(done)s of %(total)s") % {"done": figure(job.done), "total": figure(job.total)}
    return format_html(
        '<progress max="100" value="{0}" aria-label="{1}"></progress> {0} % <small class="desk-quiet">{2}</small>',
        job.percent,
        words,
        " · ".join(filter(None, [job.phase if is_running else "", words, pace(job)])),
    )


def state(job: Job) -> str:
    """Return the state of the job; of one that was asked to stop and has not yet, that."""
    if job.state == Job.State.RUNNING and job.cancel_requested:
        return status_badge("part", _("Stopping"))
    return status_badge(job.state, job.get_state_display())


PARTS = {"state": state, "bar": progress, "took": duration}


def part(name: str, job: Job, *, newer: bool = False) -> str:
    """Return one part of what is shown of a job, or a newer one that takes the place of that."""
    swap = mark_safe(' hx-swap-oob="true"' if newer else "")  # noqa: S308 - one of two texts that stand here
    return format_html('<span id="job-{}-{}"{}>{}</span>', job.pk, name, swap, PARTS[name](job))


def told(job: Job, url: str) -> dict[str, Any]:
    """Return what a page says of a job in a line."""
    parts = {name: show(job) for name, show in PARTS.items()}
    return {"title": title_of(job.kind), "url": url, "ended": job.finished_at, "error": job.error} | parts


def upcoming(at: datetime | None) -> str:
    """Return when something is due: the time of this desk, and how long that is from now."""
    if at is None:
        return NOTHING
    exact = formats.date_format(timezone.localtime(at), "j M Y, H:i")
    away = _("now") if at <= timezone.now() else _("in %(time)s") % {"time": timeuntil(at, depth=1)}
    return format_html('<time datetime="{}">{}</time> ({})', at.isoformat(), exact, away)


class LivePages(ReadOnlyAdmin):
    """The page that tells how jobs are doing, and what keeps the others up to date."""

    list_before_template = "desk/jobs_head.html"
    change_form_outer_before_template = "desk/jobs_head.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("health/", view(self.health_view), name="jobs_job_health"),
            path("live/", view(self.live_view), name="jobs_job_live"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).without_canaries()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: Any = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["open_jobs"] = [job for job in context["cl"].result_list if job.is_open]
        return response

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        job = kwargs.get("obj")
        context["open_jobs"] = [job] if job is not None and job.is_open else []
        return super().render_change_form(request, context, **kwargs)

    @method_decorator(require_safe)
    def live_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the newest of the jobs whose numbers are given, each part to be put in its place."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = [int(pk) for pk in request.GET.get("ids", "").split(",") if pk.isdecimal() and len(pk) < 19]
        jobs = list(Job.objects.filter(pk__in=asked[:MOST_AT_ONCE]))
        parts = [part(name, job, newer=True) for job in jobs for name in PARTS]
        context = {"parts": parts, "open_jobs": [job for job in jobs if job.is_open]}
        return render(request, "desk/jobs_live.html", context)

    @method_decorator(require_safe)
    def health_view(self, request: HttpRequest) -> HttpResponse:
        """Show what is late, what each queue does, which workers live, what failed, and what comes next."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        queues = queue_states()
        shown = Job.objects.without_canaries().defer("traceback", "result").order_by("-pk")
        running, failed = shown.filter(state=Job.State.RUNNING)[:SHOWN], shown.failed()[:SHOWN]
        schedules = JobSchedule.objects.filter(paused=False, next_due__isnull=False)[:SCHEDULES_SHOWN]
        context = self.admin_site.each_context(request) | {
            "title": _("How jobs are doing"),
            "opts": self.opts,
            "queues": queues,
            "findings": findings(queues),
            "running": [told(job, self.url_of(job)) for job in running],
            "failed": [told(job, self.url_of(job)) for job in failed],
            "schedules": [(capfirst(row.name), upcoming(row.next_due)) for row in schedules],
            "list_url": self.url("changelist"),
        }
        return render(request, "desk/jobs_health.html", context)
