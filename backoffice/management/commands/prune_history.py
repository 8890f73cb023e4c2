"""manage.py prune_history: let go of versions that are older than the settings keep them."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.retention import count_outdated, prune_history


class Command(BaseCommand):
    """Exit status: 0 all well, 1 a model is not named in the settings, or its history was changed past the guards."""

    help = "Delete versions that were outdated HISTORY_KEEP_DAYS ago. Each object keeps the one in force then."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("models", nargs="*", metavar="app.model", help="Only these of HISTORY_KEEP_DAYS.")
        parser.add_argument("--apply", action="store_true", help="Delete them; without it they are only counted.")

    def handle(self, *args: Any, **options: Any) -> None:
        keep: dict[str, int] = settings.HISTORY_KEEP_DAYS
        unknown = sorted(set(options["models"]) - set(keep))
        if unknown:
            raise CommandError(f"HISTORY_KEEP_DAYS does not say how long to keep {', '.join(unknown)}.")
        for label in options["models"] or keep:
            try:
                self.prune(label, keep[label], apply=options["apply"])
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error

    def prune(self, label: str, days: int, *, apply: bool) -> None:
        """Count, or delete, the outdated versions of one model, and say how many."""
        model, before = apps.get_model(label), timezone.now() - timedelta(days=days)
        if not apply:
            self.stdout.write(f"{label}: {count_outdated(model=model, before=before):,} versions would go.")
            return
        reason = f"{label}: versions outdated before {before:%Y-%m-%d}, kept {days} days"
        with recording(kind=ChangeSet.Kind.SHELL, source="prune_history", reason=reason):
            rows = sum(prune_history(model=model, before=before))
        self.stdout.write(f"{label}: {rows:,} versions deleted.")
