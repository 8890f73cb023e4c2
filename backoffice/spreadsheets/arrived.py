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
