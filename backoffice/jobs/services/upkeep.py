"""Keeping the tables of jobs small."""

from django.db.models.functions import Now
from django_q.models import Task

from backoffice.jobs.models import Job
from backoffice.jobs.registry import KEPT, all_kinds


def delete_old_jobs() -> int:
    """Delete jobs that ended 90 days ago, and the records that django-q2 keeps of its failures; return how many."""
    Task.objects.filter(stopped__lt=Now() - KEPT).delete()
    return Job.objects.finished_before(age=KEPT).delete()[0]


def delete_passing_jobs() -> int:
    """Delete what succeeded of the kinds that are kept for a shorter time; return how many."""
    passing = [kind for kind in all_kinds() if kind.kept < KEPT]
    return sum(Job.objects.succeeded(kind.name).finished_before(age=kind.kept).delete()[0] for kind in passing)
