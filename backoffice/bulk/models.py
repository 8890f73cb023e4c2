"""Runs on many rows: what was planned, for which rows as they were, and what became of each."""

import uuid
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.querysets import BulkProblemQuerySet, BulkRunQuerySet


class BulkRun(models.Model):
    """Fields edited, or an action done, on many rows of one model.

    It is planned first: its batches hold the ids and versions of the rows that it will touch, and nothing else is
    touched once somebody confirmed it. All of its writes are one change set, known by `change_key`.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        PARTLY = "partly", _("Partly done")
        STOPPED = "stopped", _("Stopped")

    model_label = models.CharField(_("model"), max_length=100)
    action = models.CharField(_("action"), max_length=64, blank=True, help_text=_("Empty when fields are edited."))
    title = models.CharField(_("what"), max_length=255)
    asked = models.JSONField(_("asked for"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="bulk_runs",
        verbose_name=_("who"),
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PLANNED)
    total = models.PositiveIntegerField(_("rows"), default=0, help_text=_("Chosen when it was planned."))
    unchanged = models.PositiveIntegerField(_("as wanted already"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0, help_text=_("In the preview."))
    planned = models.PositiveIntegerField(_("to do"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    sample = models.JSONField(_("first rows"), default=list, blank=True, encoder=DjangoJSONEncoder)
    effect = models.JSONField(_("effect in money"), default=list, blank=True, encoder=DjangoJSONEncoder)
    warnings = models.JSONField(_("to be confirmed apart"), default=list, blank=True, encoder=DjangoJSONEncoder)
    digest = models.CharField(_("digest of the plan"), max_length=64, editable=False)
    retry_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="retries", verbose_name=_("again for")
    )
    job = models.ForeignKey(
        "jobs.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job")
    )
    change_key = models.UUIDField(_("key of the change set"), default=uuid.uuid4, editable=False)
    change_set = models.ForeignKey(
        "changes.ChangeSet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="bulk_runs",
        verbose_name=_("change set"),
        db_constraint=False,
    )
    created_at = models.DateTimeField(_("planned"), db_default=Now(), editable=False)
    started_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    objects = BulkRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk run")
        verbose_name_plural = _("bulk runs")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(planned__gte=F("done") + F("skipped") + F("failed")), name="bulk_bulkrun_within_plan"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "running"], finished_at=None)
                | (~Q(state__in=["planned", "running"]) & Q(finished_at__isnull=False)),
                name="bulk_bulkrun_ended_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="bulk_bulkrun_state"),
            models.Index(fields=["actor", "-id"], name="bulk_bulkrun_actor"),
            models.Index(fields=["model_label", "-id"], name="bulk_bulkrun_model"),
            models.Index(fields=["-created_at", "-id"], name="bulk_bulkrun_created"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def model(self) -> Any:
        """The model that the rows are of."""
        return apps.get_model(self.model_label)

    @property
    def left(self) -> int:
        """How many rows of the plan nothing became of yet."""
        return self.planned - self.done - self.skipped - self.failed

    @property
    def percent(self) -> int:
        """How much is done, in per cent."""
        return (self.planned - self.left) * 100 // self.planned if self.planned else 100

    @property
    def is_working(self) -> bool:
        """Whether it still runs, or waits for a worker that will run it."""
        return self.state == self.State.RUNNING and (self.job is None or self.job.is_open)

    @property
    def is_broken(self) -> bool:
        """Whether it ended before its end: its job failed, or was cancelled elsewhere."""
        return self.state == self.State.RUNNING and not self.is_working


class BulkBatch(models.Model):
    """Some rows of a plan, by id and version, that are written in one transaction."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="batches", verbose_name=_("run"))
    number = models.PositiveIntegerField(_("number"))
    ids = ArrayField(models.BigIntegerField(), verbose_name=_("rows"))
    versions = ArrayField(models.DateTimeField(null=True), verbose_name=_("versions"))
    finished = models.BooleanField(_("finished"), default=False)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["run", "number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="bulk_bulkbatch_number_once")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


class BulkProblem(models.Model):
    """A row that was left as it was, with the sentence that says why."""

    class Kind(models.TextChoices):
        REFUSED = "refused", _("Refused in the preview")
        SKIPPED = "skipped", _("Skipped")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="problems", verbose_name=_("run"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    object_id = models.BigIntegerField(_("row"))
    label = models.CharField(_("name"), max_length=255)
    sentence = models.TextField(_("why"))

    objects = BulkProblemQuerySet.as_manager()

    class Meta:
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.label}: {self.sentence}"
