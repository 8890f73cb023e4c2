"""Between a worker that is about to commit and a sweeper that takes its job away, one wins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from backoffice.jobs.context import Heartbeat, JobContext, LeaseLost
from backoffice.jobs.models import Job
from backoffice.jobs.services import claim_job, enqueue_job, recover_jobs
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def context() -> JobContext:
    job = claim_job(job_id=enqueue_job(kind="tests.write", args={"name": "Tea"}).pk)
    assert job is not None
    return JobContext(job)


def elsewhere(work: Callable[[], Any]) -> Any:
    """Do `work` on another connection, and wait for it."""

    def on_own_connection() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(on_own_connection).result(timeout=5)


def let_expire() -> int:
    return Job.objects.update(lease_until=Now() - timedelta(seconds=1))


def test_the_sweeper_passes_over_a_job_that_is_about_to_commit(context: JobContext) -> None:
    with transaction.atomic():
        context.fence()
        assert elsewhere(let_expire) == 1  # an update of the row is not held up
        assert elsewhere(recover_jobs) == 0


def test_the_sweeper_takes_an_expired_job_that_has_no_fence(context: JobContext) -> None:
    with transaction.atomic():
        assert elsewhere(let_expire) == 1
        assert elsewhere(recover_jobs) == 1
        with pytest.raises(LeaseLost):
            context.fence()


def test_signs_of_life_commit_while_the_body_is_in_a_transaction(context: JobContext, settings: Any) -> None:
    settings.JOBS_HEARTBEAT_SECONDS = 0.05
    with transaction.atomic(), Heartbeat(context):
        context.fence()
        context.progress(3, 10)
        while elsewhere(lambda: Job.objects.get().done) != 3:
            context.check_cancelled()
