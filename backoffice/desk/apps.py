"""The shared admin."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    default = True
    name = "backoffice.desk"
    label = "desk"
    verbose_name = _("Desk")

    def ready(self) -> None:
        autodiscover_modules("screens")


class DeskAdminConfig(admin_apps.AdminConfig):
    """Django's admin with the desk's own site."""

    default = False
    default_site = "backoffice.desk.sites.DeskSite"
