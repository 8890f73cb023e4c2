"""The pages of jobs and schedules."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import cancel_job, enqueue_job
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db


def broken_job() -> Job:
    job = enqueue_job(kind="tests.break")
    run_job(job.pk)
    return job


def post(client: Any, job: Job, action: str) -> Any:
    return client.post(reverse("admin:jobs_job_action", args=[job.pk, action]), {"confirmed": "1"})


def test_the_pages_of_the_queue_library_are_gone() -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label == "django_q"]


def test_the_list_tells_states_and_errors(signed_in: Any, manager: Any) -> None:
    broken_job()
    page = signed_in(manager).get(reverse("admin:jobs_job_changelist")).content.decode()
    assert "Failed" in page
    assert "surprise" in page


def test_a_traceback_is_for_administrators(signed_in: Any, manager: Any, administrator: Any) -> None:
    address = reverse("admin:jobs_job_change", args=[broken_job().pk])
    assert b"Traceback" not in signed_in(manager).get(address).content
    assert b"Traceback" in signed_in(administrator).get(address).content


def test_a_manager_cancels_a_waiting_job(signed_in: Any, manager: Any) -> None:
    job = enqueue_job(kind="tests.write")
    post(signed_in(manager), job, "cancel")
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_manager_runs_a_cancelled_job_again(signed_in: Any, manager: Any) -> None:
    job = enqueue_job(kind="tests.write")
    cancel_job(job=job)
    post(signed_in(manager), job, "retry")
    job.refresh_from_db()
    assert job.state == "queued"


def test_who_may_not_see_jobs_cannot_cancel_them(signed_in: Any, viewer: Any) -> None:
    job = enqueue_job(kind="tests.write")
    assert post(signed_in(viewer), job, "cancel").status_code == 403


def test_schedules_tell_their_times_in_words(signed_in: Any, manager: Any) -> None:
    page = signed_in(manager).get(reverse("admin:jobs_jobschedule_changelist")).content.decode()
    assert "Every day at 03:20" in page


def test_the_list_takes_as_many_queries_for_thirty_jobs_as_for_three(signed_in: Any, manager: Any) -> None:
    client, counts = signed_in(manager), []
    for number in (3, 27):
        for _job in range(number):
            enqueue_job(kind="tests.write", asked_by=manager)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:jobs_job_changelist"))
        counts.append(len(queries))
    assert counts[1] <= counts[0]
