"""manage.py rebuild_rollups: reckon anew what reports keep reckoned ahead."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from reports.rollups.services import rebuild_rollups


class Command(BaseCommand):
    """Exit status: 0 all is reckoned anew. Until it ends, reports read what was there before."""

    help = "Reckon the daily sales and the stock at midnight anew from the rows. The worker keeps them up to date."
    requires_migrations_checks = True

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        counts = rebuild_rollups()
        took = time.perf_counter() - started
        for table, rows in counts.items():
            self.stdout.write(f"{table}: {rows:,} rows")
        self.stdout.write(f"Reckoned in {took:.1f} s.")
