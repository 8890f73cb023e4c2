"""Schedules of reports that the code declares; the table is made equal to them after each migration."""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connections
from django.utils.translation import gettext_lazy as _

from backoffice.changes.context import recording


@dataclass(frozen=True)
class DeclaredSchedule:
    """A report with relative parameters, and the local times (`cron`, in `words`) at which it runs."""

    name: str
    title: Any
    report: str
    cron: str
    words: Any
    parameters: dict[str, str] = field(default_factory=dict)
    file_format: str = "xlsx"


DAILY_SALES = DeclaredSchedule(
    name="daily-sales",
    title=_("Daily sales"),
    report="sales-by-country",
    cron="0 6 * * *",
    words=_("every day at 06:00"),
    parameters={"period": "yesterday"},
)
DECLARED = (DAILY_SALES,)


def sync_schedules() -> None:
    """Make the table hold the declared schedules; one that is declared no more stays, paused, with its runs."""
    table = apps.get_model("reports", "ReportSchedule").objects
    for declared in DECLARED:
        fields = {
            "title": str(declared.title),
            "report": declared.report,
            "cron": declared.cron,
            "parameters": declared.parameters,
            "format": declared.file_format,
            "declared_in_code": True,
        }
        schedule, _made = table.get_or_create(name=declared.name, defaults=fields)
        if any(getattr(schedule, name) != value for name, value in fields.items()):
            table.filter(pk=schedule.pk).update(**fields)
    names = [declared.name for declared in DECLARED]
    table.filter(declared_in_code=True, active=True).exclude(name__in=names).update(active=False)


def sync_after_migrate(*, using: str = "default", **_kwargs: Any) -> None:
    """Sync once the table is there; it is not after migrating back."""
    if "reports_reportschedule" in connections[using].introspection.table_names():
        with recording(kind="shell", actor_label="setup", source="migrate"):
            sync_schedules()
