"""Spreadsheets."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.checks import check_addresses


class SpreadsheetsConfig(AppConfig):
    name = "backoffice.spreadsheets"
    label = "spreadsheets"
    verbose_name = _("Spreadsheets")

    def ready(self) -> None:
        register(check_addresses)
