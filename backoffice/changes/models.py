"""Change sets, and the base of every model whose changes they hold."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.history import TriggeredHistory
from backoffice.changes.querysets import ChangeSetQuerySet
from backoffice.changes.rules import UndoRules
from backoffice.changes.sealing.models import Seal, SealedColumns, SealMark
from backoffice.changes.triggers import TRACKED, AppendOnlyTruncate

__all__ = ["ChangeSet", "Seal", "SealMark", "SealedColumns", "TrackedModel"]


class ChangeSet(models.Model):
    """All that one request, action, import, job or command wrote; made by its first write, in its transaction."""

    class Kind(models.TextChoices):
        FORM = "form", _("Form")
        ACTION = "action", _("Action")
        IMPORT = "import", _("Import")
        JOB = "job", _("Job")
        SERVICE = "service", _("Service")
        WEBHOOK = "webhook", _("Webhook")
        SHELL = "shell", _("Command line")
        SQL = "sql", _("Database")
        UNDO = "undo", _("Undo")

    key = models.UUIDField(_("key"), unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="change_sets",
        verbose_name=_("who"),
        db_constraint=False,
    )
    actor_label = models.CharField(_("who, in words"), max_length=255, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    source = models.CharField(_("source"), max_length=255, blank=True, help_text=_("Page, command, file or task."))
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("when"), db_default=Now(), db_index=True)
    undo_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by", verbose_name=_("undo of")
    )
    partly = models.BooleanField(
        _("in part"), default=False, db_default=False, help_text=_("This undo left some of that change as it was.")
    )
    counts = models.JSONField(_("counts"), default=dict, db_default={}, encoder=DjangoJSONEncoder)

    objects = ChangeSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("change set")
        verbose_name_plural = _("change sets")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("undo_changeset", _("Can undo changes"))]
        indexes = [
            models.Index(fields=["kind", "-id"], name="changes_set_kind"),
            models.Index(OpClass(Upper("request_id"), "text_pattern_ops"), name="changes_set_request"),
            # Serves both the models that were written and the deletions: keys of any depth are in it.
            GinIndex(fields=["counts"], name="changes_set_counts"),
        ]
        triggers = [AppendOnlyTruncate()]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def place(self) -> str:
        """The action, file, command or task that it came from; the address of a page says nothing to staff."""
        return "" if self.source.startswith("POST /") else str(self.source)

    @property
    def origin(self) -> str:
        """How it was made, and where, in words."""
        return " · ".join(filter(None, (str(self.get_kind_display()), self.place)))


class TrackedModel(models.Model):
    """A model each change of which is recorded, whatever wrote it.

    Subclasses declare `class Meta(TrackedModel.Meta)`, so that the triggers come along. Fields named in
    `history_excluded` are kept out of the history tables (secrets), and their change alone is no version.
    `undo_rules` say what undoing may do to the rows, `history_words` how values of a field read that do not say it
    themselves. Rows with personal data leave the desk only with the
    `personal_permission` besides the permission to export the model.
    """

    history_excluded: tuple[str, ...] = ()
    history_words: Mapping[str, Callable[[Any], str]] = {}
    undo_rules = UndoRules()
    personal_permission = ""

    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated"), db_default=Now(), editable=False)

    history = TriggeredHistory(inherit=True)

    class Meta:
        abstract = True
        triggers = TRACKED
        default_permissions = ("add", "change", "delete", "view", "import", "export")

    @classmethod
    def export_permissions(cls) -> tuple[str, ...]:
        """Return the permissions that it takes to let rows leave the desk, all of them."""
        own = f"{cls._meta.app_label}.export_{cls._meta.model_name}"
        return (own, cls.personal_permission) if cls.personal_permission else (own,)
