"""What the export remembers between requests."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Horizon(models.Model):
    """Transactions numbered above `xid` began to write after the instant `at`."""

    xid = models.BigIntegerField(_("transaction"), primary_key=True)
    at = models.DateTimeField(_("at"), db_index=True)

    class Meta:
        verbose_name = _("horizon")
        verbose_name_plural = _("horizons")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.xid}"
