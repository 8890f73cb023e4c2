"""What is known of files that arrive by themselves, so that each is taken once."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class WatchedFile(models.Model):
    """A file in a watched folder: how it was when it was seen first like this, and its import once it is taken.

    The row is written together with the import, and goes when the file was moved to `target`: so no file is taken
    twice, and none is moved to two places, whenever the work is interrupted.
    """

    path = models.CharField(_("path"), max_length=2000, unique=True)
    size = models.BigIntegerField(_("size"))
    version = models.CharField(_("version"), max_length=200, help_text=_("What else tells its states apart."))
    seen_at = models.DateTimeField(_("seen"), db_default=Now())
    import_job = models.ForeignKey(
        "spreadsheets.ImportJob", on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("import")
    )
    refusal = models.TextField(_("refused because"), blank=True)
    target = models.CharField(_("moved to"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("watched file")
        verbose_name_plural = _("watched files")
        default_permissions = ()

    def __str__(self) -> str:
        return self.path


class MailedFile(models.Model):
    """A spreadsheet that came by mail, or with an empty `sha256` a message none of whose files could be taken.

    The row is written together with the import and stays, so that no file of a message is taken twice, however often
    the message is looked at or delivered.
    """

    message = models.CharField(_("message"), max_length=64, help_text=_("The SHA-256 of what identifies it."))
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    import_job = models.ForeignKey(
        "spreadsheets.ImportJob", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("import")
    )
    refusal = models.TextField(_("refused because"), blank=True)
    taken_at = models.DateTimeField(_("taken"), db_default=Now())

    class Meta:
        verbose_name = _("file that came by mail")
        verbose_name_plural = _("files that came by mail")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["message", "sha256"], name="spreadsheets_mailedfile_once"),
        ]

    def __str__(self) -> str:
        return self.message
