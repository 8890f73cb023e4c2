"""Kinds of jobs that only tests ask for; their effect is a category."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError

from backoffice.jobs.context import JobContext
from backoffice.jobs.models import Job
from backoffice.jobs.registry import job
from backoffice.jobs.services import cancel_job
from catalog.models import Category


@job(kind="tests.write")
def write(context: JobContext, *, name: str, due: str = "") -> dict[str, Any]:
    Category.objects.create(name=name)
    context.progress(1, 1)
    return {"wrote": name}


@job(kind="tests.pass", kept=timedelta(minutes=5))
def pass_by(context: JobContext) -> None:
    """Comes and goes every minute."""


@job(kind="tests.refuse")
def refuse(context: JobContext) -> None:
    raise ValidationError("Give the file a name.")


@job(kind="tests.break")
def break_down(context: JobContext) -> None:
    Category.objects.create(name="half done")
    raise KeyError("surprise")


@job(kind="tests.stumble", max_attempts=2)
def stumble(context: JobContext) -> None:
    raise OperationalError("the line is down")


@job(kind="tests.half")
def half(context: JobContext) -> None:
    context.report_problem("1 of 2 mails was not sent.")


@job(kind="tests.stop")
def stop(context: JobContext) -> None:
    """Is asked to stop, hears of it with the next sign of life, and checks."""
    cancel_job(job=context.job)
    context.stop_wanted = True
    Category.objects.create(name="unwanted")
    context.check_cancelled()


@job(kind="tests.lose")
def lose(context: JobContext, *, name: str) -> None:
    """Writes while another worker takes the job over."""
    Category.objects.create(name=name)
    Job.objects.filter(pk=context.job.pk).update(token="00000000-0000-0000-0000-000000000000")


@job(kind="tests.steps", atomic=False)
def steps(context: JobContext, *, name: str) -> None:
    """Commits a first effect, loses the job, and tries a second."""
    with context.effect():
        Category.objects.create(name=f"{name} 1")
    lose(context, name=f"{name} outside")
    with context.effect():
        Category.objects.create(name=f"{name} 2")


@job(kind="tests.linger", time_limit=1)
def linger(context: JobContext) -> None:
    """Takes longer than it may."""
    Category.objects.create(name="unfinished")
    time.sleep(60)


@job(kind="tests.long", time_limit=601)
def take_long(context: JobContext) -> dict[str, Any]:
    """Belongs to the cluster of long jobs, and says which one runs it."""
    return {"queue": os.environ.get("Q_CLUSTER_NAME")}


def seconds_since(asked: float) -> float:
    """Return how long ago somebody asked, in seconds; also a task of its own for a stock cluster."""
    return time.time() - asked


@job(kind="tests.wait")
def wait(context: JobContext, *, asked: float) -> dict[str, Any]:
    return {"waited": seconds_since(asked)}


def hold(name: str, point: str, at: str) -> None:
    """At the `point` that a job should be held `at`, tell so once, and wait until the test lets it go on."""
    reached = Path(settings.DATA_DIR) / f"reached {name}"
    if point == at and not reached.exists():
        reached.write_text(str(os.getpid()))
        deadline = time.monotonic() + 30
        while not reached.with_name(f"go {name}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)


@job(kind="tests.held", max_attempts=5)
def held(context: JobContext, *, name: str, at: str) -> None:
    """Has two effects, and is held at one point for the test to kill what it likes."""
    hold(name, "after claim", at)
    Category.objects.create(name=f"{name} 1")
    hold(name, "middle", at)
    Category.objects.create(name=f"{name} 2")
    hold(name, "after effect", at)


@job(kind="tests.die", max_attempts=2)
def die(context: JobContext, *, name: str, times: int) -> None:
    """Writes, and kills its worker during the first `times` attempts."""
    Category.objects.create(name=name)
    if context.job.attempt <= times:
        os.kill(os.getpid(), signal.SIGKILL)
