"""`manage.py run_cluster`: django-q2's processes for one queue, for as long as somebody looks after them."""

import sys
from multiprocessing.connection import wait
from typing import Any

from django.core.management.base import BaseCommand
from django_q.cluster import Cluster

LOOK_SECONDS = 0.2


class Command(BaseCommand):
    help = (
        "Run the jobs of the queue that Q_CLUSTER_NAME names, until standard input ends. `run_worker` starts one for"
        " each queue and looks after them: start that."
    )
    requires_system_checks = ()

    def handle(self, **_options: Any) -> None:
        cluster = Cluster()
        cluster.start()
        # Its children hold what would tell of the sentinel's death at once, so it is looked for.
        while cluster.sentinel.is_alive() and not wait([sys.stdin.fileno()], LOOK_SECONDS):
            pass
        cluster.stop()
        # Without its sentinel the other processes would go on, unseen: whoever looks after them must know.
        sys.exit(cluster.sentinel.exitcode)
