"""What is known of the workers: which live, and whether each still does what it is asked."""

import os
import socket
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from backoffice.jobs.broker import ONE_CLUSTER
from backoffice.jobs.models import Job, Worker
from backoffice.jobs.querysets import CANARY
from backoffice.jobs.services.queue import enqueue_job

# Canaries are for the next minute, whatever became of them; workers that are gone are shown for an hour.
CANARY_KEPT = timedelta(minutes=5)
GONE_KEPT = timedelta(hours=1)


def report_worker(*, worker: UUID, queue: str, processes: int, restarts: int) -> bool:
    """Say that this process looks after a cluster; return whether that gave a sign of life since its start."""
    place = {"host": socket.gethostname(), "pid": os.getpid(), "queue": queue, "processes": processes}
    Worker.objects.update_or_create(pk=worker, defaults=place | {"seen_at": Now(), "restarts": restarts})
    return Worker.objects.proven().filter(pk=worker).exists()


def renew_worker(*, worker: UUID) -> None:
    """Say that the processes of the cluster were started."""
    Worker.objects.filter(pk=worker).update(started_at=Now(), asked_at=None)


def forget_workers(*, workers: list[UUID]) -> None:
    """Forget clusters that ended in good order."""
    Worker.objects.filter(pk__in=workers).delete()


@transaction.atomic
def send_canary(*, worker: UUID, queue: str) -> None:
    """Ask one cluster for a sign of life: by a job like any other, but one that only this cluster can take."""
    Worker.objects.answered().filter(pk=worker).update(asked_at=Now())
    enqueue_job(kind=CANARY, args={"worker": str(worker)}, queue=ONE_CLUSTER.format(queue=queue, worker=worker))


def answer_canary(*, worker: UUID) -> None:
    """Give the sign of life that `send_canary` asked for."""
    Worker.objects.filter(pk=worker).update(answered_at=Now())


def excuse_worker(*, worker: UUID) -> None:
    """Let a cluster owe no sign of life: its database was away."""
    Worker.objects.filter(pk=worker).update(asked_at=None)


def is_frozen(*, worker: UUID, patience: timedelta) -> bool:
    """Whether a cluster owes a sign of life for too long, and is not just busy: it neither runs nor ran a job since."""
    silent = Worker.objects.silent(since=patience).filter(pk=worker).exists()
    return silent and not Job.objects.active_on(worker, within=patience).exists()


def delete_gone_workers() -> int:
    """Delete workers that ended, and canaries that are of no more use; return how many rows."""
    canaries = Job.objects.filter(kind=CANARY, created_at__lt=Now() - CANARY_KEPT).exclude(state=Job.State.RUNNING)
    return canaries.delete()[0] + Worker.objects.gone(age=GONE_KEPT).delete()[0]
