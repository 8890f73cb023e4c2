"""`manage.py check_worker`: whether the job worker of this machine lives, for whoever restarts it if not."""

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.jobs.models import Worker


class Command(BaseCommand):
    help = "Fail unless a job worker of this machine reported itself in the last seconds."
    requires_system_checks = ()

    def handle(self, **_options: Any) -> None:
        if not Worker.objects.alive().filter(host=socket.gethostname()).exists():
            raise CommandError("No job worker of this machine reports itself. Start one: manage.py run_worker")
