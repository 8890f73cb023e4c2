"""Writes about jobs: asking for them, holding them while they run, and finding those that are due or lost."""

from backoffice.jobs.services.leases import claim_job, end_job, prolong_lease, recover_jobs, release_job
from backoffice.jobs.services.planning import enqueue_due_jobs
from backoffice.jobs.services.queue import (
    can_cancel_job,
    can_retry_job,
    cancel_job,
    enqueue_job,
    push_job,
    push_orphaned_jobs,
    retry_job,
)
from backoffice.jobs.services.upkeep import delete_old_jobs

__all__ = [
    "can_cancel_job",
    "can_retry_job",
    "cancel_job",
    "claim_job",
    "delete_old_jobs",
    "end_job",
    "enqueue_due_jobs",
    "enqueue_job",
    "prolong_lease",
    "push_job",
    "push_orphaned_jobs",
    "recover_jobs",
    "release_job",
    "retry_job",
]
