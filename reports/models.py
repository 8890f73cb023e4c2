"""Runs of reports, and when reports run by themselves. What a report is stands in code, in `reports.catalogue`."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.plans import Plan
from backoffice.spreadsheets.kept import KeptFile
from reports.catalogue import REPORTS, asked_in_words
from reports.catalogue.base import Column
from reports.periods import Period
from reports.querysets import ReportRunQuerySet, ReportScheduleQuerySet
from reports.rollups import models as rollups
from reports.schedules import DECLARED

# The tables of the rollups are models of this app.
__all__ = ["AlertWhen", "Format", "ReportRun", "ReportSchedule", "report_choices", "rollups"]


class Format(models.TextChoices):
    """The files that a report can be had as."""

    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("Excel (XLSX)")
    JSON = "json", _("JSON")


class AlertWhen(models.TextChoices):
    """When a total is worth a mail."""

    ABOVE = "above", _("above")
    BELOW = "below", _("below")


def report_choices() -> list[tuple[str, Any]]:
    """Return the reports that can be chosen, by slug and title."""
    return [(report.slug, report.title) for report in REPORTS.values()]


class ReportSchedule(Plan):
    """A report that runs by itself. Those declared in code are made equal to it after each migration.

    Parameters may be relative (`yesterday`): they are resolved on the local date that a run was meant for, however
    late it starts.
    """

    run_kind = "reports.run_schedule"
    outcome = _("report")

    name = models.SlugField(_("name"), max_length=60, unique=True)
    report = models.CharField(_("report"), max_length=60, choices=report_choices)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    format = models.CharField(_("format"), max_length=8, choices=Format, default=Format.XLSX)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="report_schedules",
        verbose_name=_("owner"),
        help_text=_("Runs have this person's rights. Empty: it belongs to the desk."),
    )
    recipients = ArrayField(
        models.EmailField(),
        verbose_name=_("recipients"),
        default=list,
        blank=True,
        help_text=_("Colleagues who get it by mail, as long as they may run the report themselves."),
    )
    only_with_data = models.BooleanField(
        _("only if there is data"), default=False, help_text=_("No mail is sent when the report has no rows.")
    )
    alert_figure = models.CharField(
        _("only if the total of"), max_length=60, blank=True, help_text=_("Empty: it is always sent.")
    )
    alert_when = models.CharField(_("is"), max_length=8, choices=AlertWhen, default=AlertWhen.ABOVE)
    alert_value = models.DecimalField(_("this"), max_digits=18, decimal_places=4, null=True, blank=True)
    declared_in_code = models.BooleanField(_("declared in code"), default=False, editable=False)

    history_words = {**Plan.history_words, "parameters": asked_in_words}

    objects = ReportScheduleQuerySet.as_manager()

    class Meta(Plan.Meta):
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(alert_figure="") | Q(alert_value__isnull=False),
                name="reports_reportschedule_alert_has_value",
                violation_error_message=_("Say at what value of the total the report is sent."),
            ),
        ]

    @property
    def key(self) -> str:
        return self.name

    @property
    def words(self) -> str:
        declared = {schedule.name: schedule.words for schedule in DECLARED}
        return str(declared.get(self.name) or super().words)

    def has_arrived(self, *, since: datetime) -> bool:
        return bool(self.runs.succeeded().filter(intended_for__gte=since).exists())


class ReportRun(KeptFile):
    """One run of a report: what was asked, what the dates meant, what came out, and the file while it is kept.

    `row_count` and `totals` are those of the whole report. Amounts in `totals` are exact decimals written as text.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")

    report = models.CharField(_("report"), max_length=60, choices=report_choices)
    format = models.CharField(_("format"), max_length=8, choices=Format)
    parameters = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    resolved = models.JSONField(
        _("dates"), default=dict, encoder=DjangoJSONEncoder, help_text=_("The dates that the period meant.")
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    error = models.TextField(_("error"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="report_runs",
        verbose_name=_("who"),
        db_index=False,
    )
    requested_label = models.CharField(_("who, in words"), max_length=255, blank=True)
    requested_at = models.DateTimeField(_("when"), db_default=Now())
    schedule = models.ForeignKey(
        ReportSchedule,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="runs",
        verbose_name=_("schedule"),
        db_index=False,
    )
    intended_for = models.DateTimeField(
        _("meant for"), null=True, blank=True, help_text=_("When the schedule wanted it, however late it ran.")
    )
    as_of = models.DateTimeField(_("data as of"), null=True, blank=True)
    row_count = models.PositiveBigIntegerField(_("rows"), null=True, blank=True)
    totals = models.JSONField(_("totals"), default=dict, encoder=DjangoJSONEncoder)
    duration = models.DurationField(_("duration"), null=True, blank=True)
    first_rows = models.JSONField(
        _("first rows"), default=list, db_default=[], encoder=DjangoJSONEncoder, help_text=_("In words, for mails.")
    )
    delivery = models.CharField(_("sent to"), max_length=300, blank=True, db_default="")
    delivered_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = ReportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("report run")
        verbose_name_plural = _("report runs")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [
            ("run_report", _("Can run reports")),
            ("run_personal_report", _("Can run reports that hold personal data")),
            ("download_any_reportrun", _("Can open reports that others ran")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "intended_for"],
                condition=Q(schedule__isnull=False),
                name="reports_reportrun_once_for_each_date",
                violation_error_message=_("The schedule has a run for this date already."),
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(row_count__isnull=False, as_of__isnull=False) & ~Q(sha256=""),
                name="reports_reportrun_success_has_figures",
                violation_error_message=_("A run that succeeded has rows, an instant and a file."),
            ),
        ]
        indexes = [
            models.Index(fields=["requested_by", "-id"], name="reports_run_requested_by"),
            models.Index(fields=["report", "-id"], name="reports_run_report"),
            models.Index(fields=["state", "-id"], name="reports_run_state"),
            models.Index(fields=["-requested_at", "-id"], name="reports_run_requested_at"),
            models.Index(fields=["expires_at"], name="reports_run_expires", condition=~Q(file="")),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.pk}"

    @property
    def title(self) -> str:
        """The title of the report, or its slug when it left the catalogue."""
        return str(self.get_report_display())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the report; none when it left the catalogue."""
        return REPORTS[self.report].columns if self.report in REPORTS else ()

    @property
    def period(self) -> Period:
        """The dates that were meant."""
        return Period.from_parameters(self.resolved)

    @property
    def is_dated(self) -> bool:
        """Whether it asked for dates, or tells how things are now."""
        return "period" in self.parameters or any(self.resolved.values())

    @property
    def download_url(self) -> str:
        """The address of the file, for those who may have it."""
        return reverse("admin:reports_reportrun_download", args=[self.pk])

    @property
    def rows_path(self) -> Path:
        """Where its rows are kept, for comparisons, as long as the file is."""
        return self.path.with_name(f"{self.path.name}.rows.gz")

    @property
    def paths(self) -> list[Path]:
        return [self.path, self.rows_path]

    @property
    def recipients(self) -> list[str]:
        """Who gets it by mail."""
        return self.schedule.recipients if self.schedule else []

    @property
    def requested_words(self) -> str:
        """Who asked for it, in words."""
        return str(self.requested_by or self.requested_label)
