"""What people write beside a row, and the mails about it.

A model whose rows carry notes has a model of notes of its own, so that the database keeps them together:

    class ProductNote(Note):
        product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="notes")
        subject_field = "product"

        class Meta(Note.Meta):
            ...
"""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.triggers import AppendOnlyTruncate


class Note(TrackedModel):
    """Words for colleagues. A note that is withdrawn says so; its words stay in the history."""

    subject_field: str

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    text = models.TextField(_("note"))
    internal = models.BooleanField(
        _("internal"), default=True, db_default=True, help_text=_("Colleagues only; never tell the customer.")
    )
    mentions = ArrayField(
        models.BigIntegerField(), verbose_name=_("told"), default=list, db_default=[], blank=True, editable=False
    )
    pinned_at = models.DateTimeField(_("pinned"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    class Meta(TrackedModel.Meta):
        abstract = True
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def subject(self) -> Any:
        """The row that the note is on."""
        return getattr(self, self.subject_field)


class Mail(models.Model):
    """A mail about a row: to whom, what it said, and when it left."""

    row_label = models.CharField(_("model"), max_length=100)
    row_id = models.BigIntegerField(_("row"))
    recipients = ArrayField(models.EmailField(), verbose_name=_("to"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    at = models.DateTimeField(_("asked for"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["row_label", "row_id", "-id"], name="notes_mail_row")]
        triggers = [AppendOnlyTruncate()]

    def __str__(self) -> str:
        return self.subject
