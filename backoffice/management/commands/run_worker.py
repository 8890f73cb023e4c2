"""`manage.py run_worker`: what does jobs, and looks after itself."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.jobs.supervisor import Supervisor
from backoffice.supervisor import SupervisorError, stop_on_signals


class Command(BaseCommand):
    help = (
        "Run background jobs: a cluster of processes for quick jobs and one for long ones, each started again when it"
        " dies or freezes. Fails when that does not help, for whoever restarts it."
    )

    def handle(self, **_options: Any) -> None:
        stop_on_signals()
        run_cluster = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_cluster"]
        cluster = settings.Q_CLUSTER
        processes = {cluster["cluster_name"]: cluster["workers"]}
        processes |= {queue: other["workers"] for queue, other in cluster["ALT_CLUSTERS"].items()}
        try:
            Supervisor(dict.fromkeys(processes, run_cluster), processes).run()
        except SupervisorError as error:
            raise CommandError(str(error)) from error
