"""JSON export."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from backoffice.jsonexport.registry import all_exports


class JsonexportConfig(AppConfig):
    name = "backoffice.jsonexport"
    label = "jsonexport"
    verbose_name = _("JSON export")

    def ready(self) -> None:
        all_exports()  # a name in the settings that leads nowhere stops the program at its start
