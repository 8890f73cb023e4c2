"""Exports that people asked for, the templates that they keep for asking again, and when those run by themselves."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.jobs.plans import Plan
from backoffice.spreadsheets.kept import KeptFile
from backoffice.spreadsheets.querysets import ExportFileQuerySet, ExportScheduleQuerySet, ExportTemplateQuerySet


class Format(models.TextChoices):
    """The files that an export can be had as."""

    XLSX = "xlsx", _("Excel (XLSX)")
    CSV = "csv", _("CSV")
    ODS = "ods", _("OpenDocument (ODS)")
    JSON = "json", _("JSON")


class AskedRows(models.Model):
    """Which rows of a list leave the desk, and as what.

    `sheet` is a kind of spreadsheet, or empty for the list as it is shown; `query` is the address of the list: its
    queue, filters, search and sort.
    """

    model_label = models.CharField(_("list"), max_length=60)
    sheet = models.CharField(_("kind"), max_length=40, blank=True)
    format = models.CharField(_("format"), max_length=8, choices=Format, default=Format.XLSX)
    columns = ArrayField(models.CharField(max_length=60), verbose_name=_("columns"))
    query = models.TextField(_("filters"), blank=True)

    class Meta:
        abstract = True


class ExportTemplate(AskedRows, TrackedModel):
    """An export to be had again, by its name. It is its owner's, or everybody's when shared."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    shared = models.BooleanField(_("shared"), default=False, help_text=_("Colleagues may use it as well."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="export_templates",
        verbose_name=_("owner"),
        editable=False,
    )

    objects = ExportTemplateQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("export template")
        verbose_name_plural = _("export templates")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ExportSchedule(Plan):
    """A template that is exported by itself, and goes by mail to colleagues, into the export folder, or both.

    What is exported is what the template says at that time.
    """

    run_kind = "spreadsheets.run_export_schedule"
    outcome = _("export")

    template = models.ForeignKey(
        ExportTemplate, on_delete=models.PROTECT, related_name="schedules", verbose_name=_("template")
    )
    format = models.CharField(_("format"), max_length=8, choices=Format, default=Format.XLSX)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="export_schedules",
        verbose_name=_("owner"),
        help_text=_("Exports have this person's rights."),
    )
    recipients = ArrayField(
        models.EmailField(),
        verbose_name=_("recipients"),
        default=list,
        blank=True,
        help_text=_("Colleagues who get it by mail, as long as they may export the same rows themselves."),
    )
    to_folder = models.BooleanField(_("into the export folder"), default=False)
    only_with_rows = models.BooleanField(
        _("only if there are rows"), default=False, help_text=_("An export without rows is kept, and goes nowhere.")
    )

    objects = ExportScheduleQuerySet.as_manager()

    class Meta(Plan.Meta):
        verbose_name = _("export schedule")
        verbose_name_plural = _("export schedules")
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(recipients=[]) | Q(to_folder=True),
                name="spreadsheets_exportschedule_goes_somewhere",
                violation_error_message=_("Choose who gets it by mail, or have it put into the export folder."),
            ),
        ]

    def has_arrived(self, *, since: datetime) -> bool:
        return bool(self.files.filter(intended_for__gte=since, delivered_at__isnull=False).exists())


class ExportFile(AskedRows, KeptFile):
    """One export: who let which rows leave the desk, when and as what, and the file while it is kept.

    Nobody fetches it but its owner and, where it is scheduled, those whom it is sent to. The row stays when the file is
    gone: it is the record of the access. An export of a schedule is in the name of the owner of that.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        MADE = "made", _("Made")
        FAILED = "failed", _("Failed")

    keys = ArrayField(models.BigIntegerField(), verbose_name=_("selected"), null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="exports",
        verbose_name=_("who"),
        db_index=False,
    )
    template = models.ForeignKey(
        ExportTemplate,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="files",
        verbose_name=_("template"),
    )
    schedule = models.ForeignKey(
        ExportSchedule,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="files",
        verbose_name=_("schedule"),
    )
    intended_for = models.DateTimeField(
        _("meant for"), null=True, blank=True, help_text=_("When the schedule wanted it, however late it was made.")
    )
    delivery = models.TextField(_("went to"), blank=True, db_default="")
    delivered_at = models.DateTimeField(_("sent"), null=True, blank=True)
    personal = models.BooleanField(_("personal data"), default=False)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    error = models.TextField(_("error"), blank=True)
    rows = models.PositiveBigIntegerField(_("rows"), null=True, blank=True)
    asked_at = models.DateTimeField(_("when"), db_default=Now())
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)

    objects = ExportFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("audit_exportfile", _("Can see who exported what"))]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="made") | Q(rows__isnull=False) & ~Q(sha256=""),
                name="spreadsheets_exportfile_made_has_rows",
                violation_error_message=_("An export that was made has rows and a file."),
            ),
            models.UniqueConstraint(
                fields=["schedule", "intended_for"],
                condition=Q(schedule__isnull=False),
                name="spreadsheets_exportfile_once_for_each_date",
                violation_error_message=_("The schedule has an export for this date already."),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="spreadsheets_export_owner"),
            models.Index(fields=["state", "-id"], name="spreadsheets_export_state"),
            models.Index(fields=["personal", "-id"], name="spreadsheets_export_personal"),
            models.Index(fields=["-asked_at", "-id"], name="spreadsheets_export_asked"),
            models.Index(fields=["expires_at"], name="spreadsheets_export_expires", condition=~Q(file="")),
        ]

    def __str__(self) -> str:
        return self.filename or f"{self.sheet or self.model_label}.{self.format}"

    @property
    def recipients(self) -> list[str]:
        """Who gets it by mail."""
        return self.schedule.recipients if self.schedule else []

    @property
    def download_url(self) -> str:
        """The address of the file, for those who may have it."""
        return reverse("admin:spreadsheets_exportfile_download", args=[self.pk])
