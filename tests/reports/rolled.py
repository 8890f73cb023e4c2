"""Reports that can be read from a rollup: read from it, and from the rows."""

from datetime import date
from typing import Any

from django.db import transaction

from reports.catalogue import REPORTS, get_report
from reports.catalogue.facts import RolledReport
from reports.execution import Reading
from reports.rollups.models import Rollup
from reports.services import ask

ROLLED = [slug for slug, report in REPORTS.items() if isinstance(report, RolledReport)]
TODAY = date(2026, 11, 20)


def read(slug: str, *, today: date = TODAY, **given: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the rows, with their keys, and the totals of a report; over all time unless told otherwise."""
    report = get_report(slug)
    reading = Reading(report, ask(report, given or {"period": "all_time"}, today=today))
    return list(reading.whole_rows()), reading.totals


def read_rows(slug: str, **asked: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the same from the rows, as if the rollups had never been reckoned."""
    with transaction.atomic():
        Rollup.objects.all().delete()
        answer = read(slug, **asked)
        transaction.set_rollback(True)
    return answer
