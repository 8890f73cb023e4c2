"""manage.py seal_history: what the job does each minute, for a desk without a worker."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from backoffice.changes.sealing.services import seal_history


class Command(BaseCommand):
    """Exit status: 0 all that is complete is sealed, 1 the chain is broken."""

    help = "Seal the history written since the last seal, so that a later change of it is found."
    requires_migrations_checks = True

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = seal_history()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{rows:,} rows sealed.")
