"""Imports: how files of one kind are understood, the file, what its check found, and what became of it.

Exports stand in `exported`, what is known of files that arrive in `arrived`.
"""

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.spreadsheets.arrived import MailedFile, WatchedFile
from backoffice.spreadsheets.exported import ExportFile, ExportSchedule, ExportTemplate, Format
from backoffice.spreadsheets.querysets import ImportJobQuerySet, ImportProfileQuerySet
from backoffice.spreadsheets.senders import check_senders

__all__ = [
    "ExportFile",
    "ExportSchedule",
    "ExportTemplate",
    "Format",
    "ImportJob",
    "ImportProfile",
    "MailedFile",
    "WatchedFile",
]


def kept_path(job: "ImportJob", filename: str) -> str:
    """Return where the file is kept: under a name that nobody guesses, whatever its own was."""
    return (
        f"imports/{uuid.uuid4().hex}{''.join(suffix for suffix in KEPT_SUFFIXES if filename.lower().endswith(suffix))}"
    )


KEPT_SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".xls", ".ods")


class ImportProfile(TrackedModel):
    """How files of one make are understood: shared by all who may import the kind. Each change is a version of it.

    A profile with a `folder` takes the files that are dropped there, one with `mail_from` those that these send by
    mail, in the name and with the rights of its owner.
    """

    class Arrival(models.TextChoices):
        WAIT = "wait", _("Check it, and wait for a person")
        APPLY = "apply", _("Apply it, if nothing is refused and nothing unusual")

    resource = models.CharField(_("kind"), max_length=40, editable=False)
    name = models.CharField(_("name"), max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="import_profiles",
        verbose_name=_("owner"),
        help_text=_("Files that arrive are imported with this person's rights, and they are told by mail."),
    )
    headers = models.JSONField(_("columns of the file"), default=list, editable=False)
    mapping = models.JSONField(_("columns"), default=dict, editable=False)
    constants = models.JSONField(_("fixed values"), default=dict, editable=False)
    replaced = models.JSONField(_("replaced values"), default=dict, editable=False)
    options = models.JSONField(_("reading"), default=dict, editable=False)
    folder = models.SlugField(
        _("folder"),
        max_length=60,
        blank=True,
        help_text=_("Files dropped into this folder of the watched ones are taken. Empty: none are."),
    )
    mail_from = models.CharField(
        _("senders"),
        max_length=500,
        blank=True,
        validators=[check_senders],
        help_text=_(
            "Spreadsheets are taken from unread mail of these addresses; @miller.example stands for all of a domain."
            " Empty: from none. Anybody can write any sender: name those only whose files you would look at."
        ),
    )
    mail_subject = models.CharField(
        _("word of the subject"),
        max_length=80,
        blank=True,
        help_text=_("Only mail whose subject has this is taken, in small letters or capitals. Empty: any."),
    )
    arrival = models.CharField(
        _("a file that arrives"),
        max_length=8,
        choices=Arrival,
        default=Arrival.WAIT,
        help_text=_("By mail, a file is applied only if the mailbox's server vouches for its sender; else it waits."),
    )

    objects = ImportProfileQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("import profile")
        verbose_name_plural = _("import profiles")
        ordering = ["resource", "name"]
        default_permissions = ("add", "change", "delete", "view")  # type: ignore[assignment]
        constraints = [
            models.UniqueConstraint(
                "resource",
                Upper("name"),
                name="spreadsheets_importprofile_name",
                violation_error_message=_("There is a profile of this name already. Take another name."),
            ),
            models.UniqueConstraint(
                fields=["folder"],
                condition=~models.Q(folder=""),
                name="spreadsheets_importprofile_folder",
                violation_error_message=_("Another profile takes the files of this folder. Name another one."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ImportJob(models.Model):
    """One file on its way into the desk.

    Uploaded, then checked (as often as the mapping changes), then applied; or failed, or cancelled. No row is stored as
    undone: its change set says so, as long as the undo is in force. Between check and
    confirmation its staging tables hold exactly what the preview showed.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        CHECKED = "checked", _("Checked")
        CONFIRMED = "confirmed", _("Confirmed")
        APPLIED = "applied", _("Applied")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        UNDONE = "undone", _("Undone")

    class Source(models.TextChoices):
        DESK = "desk", _("The desk")
        COMMAND = "command", _("The command line")
        FOLDER = "folder", _("A watched folder")
        MAIL = "mail", _("Mail")

    resource = models.CharField(_("kind"), max_length=40)
    filename = models.CharField(_("file name"), max_length=255)
    file = models.FileField(_("file"), upload_to=kept_path, max_length=255)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.BigIntegerField(_("size"), help_text=_("In bytes."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="imports",
        verbose_name=_("uploaded by"),
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.UPLOADED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    source = models.CharField(_("came from"), max_length=8, choices=Source, default=Source.DESK)
    profile = models.ForeignKey(
        ImportProfile,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="imports",
        verbose_name=_("profile"),
    )
    mapping = models.JSONField(_("columns"), default=dict, blank=True, help_text=_("Header of the file by field."))
    constants = models.JSONField(_("fixed values"), default=dict, blank=True)
    replaced = models.JSONField(_("replaced values"), default=dict, blank=True, help_text=_("Word by word, by field."))
    options = models.JSONField(_("reading"), default=dict, blank=True, help_text=_("Encoding, delimiter, sheet."))
    detected = models.JSONField(_("detected"), default=dict, blank=True)
    only_valid = models.BooleanField(_("good rows only"), default=False)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    tables = models.JSONField(_("by table"), default=dict, blank=True)
    problems = models.JSONField(_("problems"), default=list, blank=True, encoder=DjangoJSONEncoder)
    problem_groups = models.JSONField(_("problems by rule"), default=list, blank=True, encoder=DjangoJSONEncoder)
    samples = models.JSONField(_("sample"), default=list, blank=True, encoder=DjangoJSONEncoder)
    guards = models.JSONField(_("warnings"), default=list, blank=True, encoder=DjangoJSONEncoder)
    effects = models.JSONField(_("effect on money and stock"), default=list, blank=True, encoder=DjangoJSONEncoder)
    field_counts = models.JSONField(_("changes by column"), default=list, blank=True, encoder=DjangoJSONEncoder)
    conflicts = models.JSONField(_("changed since the check"), default=list, blank=True, encoder=DjangoJSONEncoder)
    approval_asked_at = models.DateTimeField(_("approval asked for"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    change_set = models.ForeignKey(
        "changes.ChangeSet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("change set"),
        db_constraint=False,
    )
    created_at = models.DateTimeField(_("uploaded"), db_default=Now())
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]
        permissions = [("approve_importjob", _("Can approve imports that change much"))]
        indexes = [
            models.Index(fields=["owner", "-id"], name="spreadsheets_import_owner"),
            models.Index(fields=["state", "-id"], name="spreadsheets_import_state"),
            models.Index(fields=["-created_at", "-id"], name="spreadsheets_import_created"),
            models.Index(OpClass(Upper("filename"), "text_pattern_ops"), name="spreadsheets_import_filename"),
            models.Index(
                fields=["created_at"],
                name="spreadsheets_import_waiting",
                condition=models.Q(state__in=["uploaded", "checked"]),
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def token(self) -> str:
        """The name that its staging tables begin with."""
        return f"import_{self.pk}"

    @property
    def check_mark(self) -> str:
        """What tells its newest check from those before."""
        return self.checked_at.isoformat() if self.checked_at else ""

    @property
    def needs_approval(self) -> bool:
        """Whether a guard wants a manager to look at it."""
        return any(guard["approval"] for guard in self.guards)

    @property
    def changes_something(self) -> bool:
        """Whether applying it would write anything."""
        return any(counts["create"] or counts["update"] for counts in self.tables.values())
