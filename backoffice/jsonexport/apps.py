"""JSON export."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JsonexportConfig(AppConfig):
    name = "backoffice.jsonexport"
    label = "jsonexport"
    verbose_name = _("JSON export")
