"""Who changed what, when, why and from where."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChangesConfig(AppConfig):
    name = "backoffice.changes"
    label = "changes"
    verbose_name = _("Changes")
