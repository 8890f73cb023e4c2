"""The shared admin."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "backoffice.desk"
    label = "desk"
    verbose_name = _("Desk")

    def ready(self) -> None:
        autodiscover_modules("screens")
