"""Keeping the tables of jobs small."""

from datetime import timedelta

from django.db.models.functions import Now
from django_q.models import Task

from backoffice.jobs.models import Job

KEPT = timedelta(days=90)


def delete_old_jobs() -> int:
    """Delete jobs that ended 90 days ago, and the records that django-q2 keeps of its failures; return how many."""
    Task.objects.filter(stopped__lt=Now() - KEPT).delete()
    return Job.objects.finished_before(age=KEPT).delete()[0]
