"""Writes about jobs: asking for them, holding them while they run, and finding those that are due or lost."""

from backoffice.jobs.services.leases import claim_job, end_job, prolong_lease, recover_jobs, release_job
from backoffice.jobs.services.planning import enqueue_due_jobs, enqueue_wanted_jobs
from backoffice.jobs.services.plans import (
    adopt_plan,
    enqueue_due_plans,
    note_arrival,
    stop_plan,
    told_of,
    watch_plans,
)
from backoffice.jobs.services.queue import (
    can_cancel_job,
    can_retry_job,
    cancel_job,
    enqueue_job,
    push_job,
    push_orphaned_jobs,
    retry_job,
)
from backoffice.jobs.services.scheduling import (
    can_pause_schedule,
    can_resume_schedule,
    can_run_schedule,
    pause_schedule,
    resume_schedule,
    run_schedule,
)
from backoffice.jobs.services.upkeep import delete_old_jobs, delete_passing_jobs
from backoffice.jobs.services.workers import (
    answer_canary,
    delete_gone_workers,
    excuse_worker,
    forget_workers,
    is_frozen,
    renew_worker,
    report_worker,
    send_canary,
)

__all__ = [
    "adopt_plan",
    "answer_canary",
    "can_cancel_job",
    "can_pause_schedule",
    "can_resume_schedule",
    "can_retry_job",
    "can_run_schedule",
    "cancel_job",
    "claim_job",
    "delete_gone_workers",
    "delete_old_jobs",
    "delete_passing_jobs",
    "end_job",
    "enqueue_due_jobs",
    "enqueue_due_plans",
    "enqueue_job",
    "enqueue_wanted_jobs",
    "excuse_worker",
    "forget_workers",
    "is_frozen",
    "note_arrival",
    "pause_schedule",
    "prolong_lease",
    "push_job",
    "push_orphaned_jobs",
    "recover_jobs",
    "release_job",
    "renew_worker",
    "report_worker",
    "resume_schedule",
    "retry_job",
    "run_schedule",
    "send_canary",
    "stop_plan",
    "told_of",
    "watch_plans",
]
