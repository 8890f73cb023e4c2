"""Fill an empty desk with a demo shop."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from orders.demo import DeskNotEmptyError, seed_shop


class Command(BaseCommand):
    help = "Fill an empty desk with goods, customers and orders of a shop that never was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=2000, help="how many orders (default: 2000)")
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same shop (default: 1)")
        parser.add_argument("--days", type=int, default=400, help="over how many days until today (default: 400)")
        parser.add_argument("--force", action="store_true", help="add to a desk that has orders already")

    def handle(self, *, orders: int, seed: int, days: int, force: bool, verbosity: int, **_options: Any) -> None:
        if orders < 1 or days < 1:
            raise CommandError("--orders and --days are one or more.")
        started = time.monotonic()
        try:
            with recording(kind=ChangeSet.Kind.SHELL, source="seed_demo", reason="Demo data"):
                done = seed_shop(orders=orders, seed=seed, days=days, force=force)
        except DeskNotEmptyError as refusal:
            raise CommandError(str(refusal)) from refusal
        if verbosity:
            made = ", ".join(f"{count:,} {thing}" for thing, count in sorted(done.items()))
            self.stdout.write(f"Demo shop open: {made}; {time.monotonic() - started:.1f} s.")
