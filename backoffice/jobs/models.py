"""Work done outside a request, and the times at which it is due."""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.querysets import JobQuerySet, JobScheduleQuerySet, WorkerQuerySet


class Worker(models.Model):
    """A cluster of processes that takes jobs of one queue, as the `run_worker` that looks after it reports it.

    Each minute it is asked for a sign of life by a job that only it can take: `asked_at` is when the first of those
    that it left unanswered was sent, `answered_at` when it last ran one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(_("machine"), max_length=255)
    pid = models.PositiveIntegerField(_("process"))
    queue = models.CharField(_("queue"), max_length=16)
    processes = models.PositiveSmallIntegerField(_("jobs at once"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    seen_at = models.DateTimeField(_("last seen"), db_default=Now())
    asked_at = models.DateTimeField(_("asked for a sign of life"), null=True)
    answered_at = models.DateTimeField(_("last sign of life"), null=True)
    restarts = models.PositiveIntegerField(_("starts after a failure"), default=0)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["queue", "host", "pid"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.queue} @ {self.host}:{self.pid}"


class Job(models.Model):
    """One piece of work, from the moment it was asked for until it ended; no two of a kind share a key.

    While it runs, a worker holds it by `token` until `lease_until`, and prolongs that as long as it lives.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        PARTLY_FAILED = "partly_failed", _("Partly failed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        LOST = "lost", _("Lost")

    kind = models.CharField(_("kind"), max_length=64)
    key = models.CharField(_("key"), max_length=200, help_text=_("What it is about: an intended time, or an object."))
    args = models.JSONField(_("arguments"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    queue = models.CharField(_("queue"), max_length=64, default="default", editable=False)
    worker = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, editable=False, related_name="jobs", verbose_name=_("worker")
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("attempts at most"))
    run_after = models.DateTimeField(_("not before"), db_default=Now())
    message = models.BigIntegerField(_("message in the queue"), null=True, editable=False)
    pushed_at = models.DateTimeField(_("sent to the queue"), null=True, editable=False)
    token = models.UUIDField(_("token of the worker"), null=True, editable=False)
    lease_until = models.DateTimeField(_("held until"), null=True, editable=False)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, editable=False)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0, help_text=_("0 while unknown."))
    phase = models.CharField(_("phase"), max_length=80, blank=True, db_default="", help_text=_("What it does now."))
    phase_started_at = models.DateTimeField(_("phase since"), null=True, editable=False)
    cancel_requested = models.BooleanField(_("asked to stop"), default=False)
    result = models.JSONField(_("result"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    error = models.TextField(_("error"), blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=_("asked by"),
    )
    change_key = models.UUIDField(_("key of the change set"), default=uuid.uuid4, editable=False)
    change_set = models.ForeignKey(
        "changes.ChangeSet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=_("change set"),
    )
    created_at = models.DateTimeField(_("asked for"), db_default=Now(), editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [
            ("cancel_job", _("Can cancel jobs")),
            ("retry_job", _("Can run jobs again")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="jobs_job_key_once"),
            models.CheckConstraint(
                condition=Q(state="running", token__isnull=False, lease_until__isnull=False)
                | (~Q(state="running") & Q(token=None, lease_until=None)),
                name="jobs_job_running_is_held",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None)
                | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="jobs_job_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(attempt__lte=models.F("max_attempts")), name="jobs_job_attempts_within_limit"
            ),
        ]
        indexes = [
            models.Index(fields=["run_after"], name="jobs_job_queued", condition=Q(state="queued")),
            models.Index(fields=["id"], name="jobs_job_running", condition=Q(state="running")),
            models.Index(fields=["state", "-id"], name="jobs_job_state"),
            models.Index(fields=["finished_at"], name="jobs_job_finished"),
            models.Index(fields=["-created_at", "-id"], name="jobs_job_created"),
            models.Index(OpClass(Upper("key"), "text_pattern_ops"), name="jobs_job_key_prefix"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in {Job.State.QUEUED, Job.State.RUNNING}

    @property
    def percent(self) -> int | None:
        """How much is done, in per cent; None while the total is unknown."""
        return min(self.done * 100 // self.total, 100) if self.total else None


class JobSchedule(models.Model):
    """When jobs of a kind are due. What it does is declared in code and synced; here it is watched and paused."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=64)
    cron = models.CharField(_("times"), max_length=64)
    time_zone = models.CharField(_("time zone"), max_length=64)
    missed = models.CharField(_("missed runs"), max_length=8)
    paused = models.BooleanField(_("paused"), default=False)
    next_due = models.DateTimeField(_("next run"), null=True, blank=True)
    last_due = models.DateTimeField(_("last due"), null=True, blank=True)
    last_job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("last job")
    )
    problem = models.TextField(_("problem"), blank=True)
    checked_at = models.DateTimeField(_("last looked at"), null=True, blank=True, editable=False)

    objects = JobScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["next_due", "name"]
        default_permissions = ("view",)
        permissions = [
            ("run_jobschedule", _("Can run scheduled jobs at once")),
            ("pause_jobschedule", _("Can pause schedules")),
        ]

    def __str__(self) -> str:
        return self.name
