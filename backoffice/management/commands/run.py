"""`manage.py run`: the whole desk on one's own machine."""

import os
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from backoffice.accounts.models import User
from backoffice.accounts.services import create_demo_users, demo_sign_ins
from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.supervisor import (
    Child,
    SupervisorError,
    children_file,
    start_child,
    stop_children,
    stop_on_signals,
    watch,
)
from orders.models import Order

DEMO_SEED = 1
READY_SECONDS = 60


class Command(BaseCommand):
    help = "Start the desk on this machine: database, web server and job worker, with demo data on the first start."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=1000, help="How many demo orders the first start makes.")

    def handle(self, *, orders: int, **_options: Any) -> None:
        if not settings.DEMO_SIGN_INS:
            raise CommandError(
                "`manage.py run` is for a desk on your own machine. "
                "In production start gunicorn and `manage.py run_worker`, as docker-compose.yml does."
            )
        stop_on_signals()
        self.prepare_database(orders)
        connection.close()
        with ExitStack() as ending:
            self.run_children(ending)

    def prepare_database(self, orders: int) -> None:
        """Migrate, and on the first start fill the desk: all or nothing, so that a stop in between starts over.

        Where orders were imported before, only the people are made.
        """
        self.say("Preparing the database …")
        call_command("migrate", interactive=False, verbosity=0)
        if User.objects.exists():
            return
        is_empty = not Order.objects.exists()
        self.say(
            f"First start: making demo data, {orders:,} orders …" if is_empty else "First start: making sign-ins …"
        )
        source = "manage.py run"
        with transaction.atomic(), recording(kind=ChangeSet.Kind.SHELL, actor_label="setup", source=source):
            create_demo_users()
            if is_empty:
                call_command("seed_demo", orders=orders, seed=DEMO_SEED, verbosity=0)

    def run_children(self, ending: ExitStack) -> None:
        """Start the processes, tell where the desk is, and stay until somebody asks to stop or one of them ends."""
        children: list[Child] = []
        ending.callback(self.say, "Stopped.")
        ending.callback(stop_children, children)
        ending.callback(self.say, "Stopping …")
        port = os.environ.get("PORT") or "8000"
        try:
            for name, command in commands(port).items():
                children.append(start_child(name, command, remember_in=children_file(settings.DATA_DIR)))
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", children)
            self.say(self.welcome(f"http://localhost:{port}/"))
            watch(children)
        except SupervisorError as error:
            raise CommandError(str(error)) from error

    def welcome(self, address: str) -> str:
        """Return what a newcomer needs to begin."""
        sign_ins = "\n".join(f"    {role:<18} {email:<32} {password}" for role, email, password in demo_sign_ins())
        return f"\n  The desk is at {address}\n\n  Sign in as\n{sign_ins}\n\n  Ctrl-C stops everything.\n"

    def say(self, text: str) -> None:
        """Write a line at once, whoever reads it."""
        print(text, flush=True)  # noqa: T201 - the command's own stream may be gone with its terminal


def commands(port: str) -> dict[str, list[str]]:
    """Return the processes of a desk. One web process: without Redis, the cache is the process's own."""
    web = [sys.executable, "-m", "gunicorn", "--config", "python:backoffice.gunicorn_conf", f"--bind=127.0.0.1:{port}"]
    web += ["--workers=1", "--threads=8", "--graceful-timeout=5", "backoffice.wsgi"]
    return {
        "web server": web,
        "job worker": [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_worker"],
    }


def wait_until_ready(url: str, children: list[Child]) -> None:
    """Return when the web server answers; raise when a child ends first, or it takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if any(child.process.poll() is not None for child in children):
            watch(children)
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise SupervisorError(f"The web server did not answer within {READY_SECONDS} seconds; its last lines say why.")
