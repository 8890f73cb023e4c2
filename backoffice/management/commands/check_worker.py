"""`manage.py check_worker`: whether the job worker of this machine lives, for whoever restarts it if not."""

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_q.status import Stat


class Command(BaseCommand):
    help = "Fail unless a job worker of this machine reported itself in the last seconds. Needs a Redis to report in."
    requires_system_checks = ()

    def handle(self, **_options: Any) -> None:
        here = [stat for stat in Stat.get_all() if stat.host == socket.gethostname()]
        if not here:
            raise CommandError("No job worker of this machine reports itself. Start one: manage.py qcluster")
        if not any(stat.workers for stat in here):
            raise CommandError("The job worker has no processes left that do jobs. Restart it.")
