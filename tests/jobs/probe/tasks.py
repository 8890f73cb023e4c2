"""Found by the worker, as the tasks of every app are; holds jobs where no body of theirs runs."""

from typing import Any

from django.dispatch import receiver
from django_q.signals import post_execute_in_worker, pre_execute

from backoffice.jobs.models import Job
from tests.jobs import kinds


@receiver(pre_execute)
def before_claim(task: dict[str, Any], **_kwargs: Any) -> None:
    hold(task, "before claim")


@receiver(post_execute_in_worker)
def after_commit(task: dict[str, Any], **_kwargs: Any) -> None:
    hold(task, "after commit")


def hold(task: dict[str, Any], point: str) -> None:
    job = Job.objects.filter(pk=task["args"][0], kind="tests.held").first()
    if job is not None:
        kinds.hold(job.args["name"], point, job.args["at"])
