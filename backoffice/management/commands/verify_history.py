"""manage.py verify_history: whether the history is what was written."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.changes.sealing.verification import verify_history


class Command(BaseCommand):
    """Exit status: 0 nothing was changed, 1 something was; each finding is a line on standard error."""

    help = "Find versions that were changed, deleted, put in or swapped past the guards, and guards that are gone."
    requires_migrations_checks = True

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        found = verify_history()
        took = f"{found.rows:,} rows under {found.seals:,} seals, {time.monotonic() - started:.1f} s"
        if found.problems:
            for problem in found.problems:
                self.stderr.write(problem)
            raise CommandError(f"The history is not what was written. {took}.")
        self.stdout.write(f"The history is what was written. {took}. Head: {found.head}")
