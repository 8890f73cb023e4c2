"""Background jobs."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.checks import check_cluster
from backoffice.jobs.schedules import sync_after_migrate


class JobsConfig(AppConfig):
    name = "backoffice.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        register(check_cluster)
        autodiscover_modules("tasks")
        post_migrate.connect(sync_after_migrate, sender=self, dispatch_uid="jobs.sync_schedules")
