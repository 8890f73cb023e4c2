"""The pages of jobs and schedules."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.jobs.models import Job, JobSchedule
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import cancel_job, claim_job, end_job, enqueue_job, report_worker, send_canary
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


def test_signs_of_life_are_not_listed(signed_in: Any, manager: Any) -> None:
    send_canary(worker=uuid4(), queue="default")
    assert b"Sign of life" not in signed_in(manager).get(reverse("admin:jobs_job_changelist")).content


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


def act_on_schedule(client: Any, name: str, action: str) -> Any:
    address = reverse("admin:jobs_jobschedule_action", args=[JobSchedule.objects.get(name=name).pk, action])
    return client.post(address, {"confirmed": "1"})


def test_a_manager_runs_a_schedule_now_and_a_double_click_runs_it_once(signed_in: Any, manager: Any) -> None:
    client = signed_in(manager)
    for _click in range(2):
        act_on_schedule(client, "daily-sales", "run_now")
    job = Job.objects.get()
    assert (job.kind, job.asked_by) == ("reports.run_schedule", manager)
    assert job.args["schedule"] == "daily-sales"
    assert JobSchedule.objects.get(name="daily-sales").last_job == job


def test_a_paused_schedule_goes_on_from_now(signed_in: Any, manager: Any) -> None:
    client = signed_in(manager)
    act_on_schedule(client, "daily-sales", "pause")
    assert b"paused" in client.get(reverse("admin:jobs_jobschedule_changelist")).content
    JobSchedule.objects.update(next_due=timezone.now() - timedelta(days=3))
    act_on_schedule(client, "daily-sales", "resume")
    row = JobSchedule.objects.get(name="daily-sales")
    assert not row.paused
    assert row.next_due > timezone.now()


@pytest.mark.parametrize("action", ["run_now", "pause"])
def test_who_may_not_see_schedules_cannot_touch_them(action: str, signed_in: Any, operator: Any) -> None:
    assert act_on_schedule(signed_in(operator), "daily-sales", action).status_code == 403


def test_running_again_twice_is_refused_the_second_time(signed_in: Any, manager: Any) -> None:
    job, client = broken_job(), signed_in(manager)
    post(client, job, "retry")
    assert "can run again" in post(client, job, "retry").content.decode()
    assert Job.objects.get().state == "queued"


def test_a_job_that_the_code_knows_no_more_cannot_run_again(signed_in: Any, manager: Any) -> None:
    job = broken_job()
    Job.objects.update(kind="tests.gone")
    assert "no longer knows" in post(signed_in(manager), job, "retry").content.decode()


def test_failures_come_first_and_an_empty_tab_says_that_all_is_well(signed_in: Any, manager: Any) -> None:
    client, address = signed_in(manager), reverse("admin:jobs_job_changelist")
    assert "All is well" in client.get(address, {"queue": "failed"}).content.decode()
    job = broken_job()
    page = client.get(address, {"queue": "failed"})
    assert [row.pk for row in page.context["cl"].result_list] == [job.pk]


def test_the_list_takes_as_many_queries_for_thirty_jobs_as_for_three(signed_in: Any, manager: Any) -> None:
    client, counts = signed_in(manager), []
    client.get(reverse("admin:jobs_job_changelist"))  # counts of the tabs are kept for a minute
    for number in (3, 27):
        for _job in range(number):
            enqueue_job(kind="tests.write", asked_by=manager)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:jobs_job_changelist"))
        counts.append(len(queries))
    assert counts[1] <= counts[0] <= 8


def running_job(**fields: Any) -> Job:
    job = claim_job(job_id=enqueue_job(kind="tests.write").pk)
    assert job is not None
    since = timezone.now() - timedelta(seconds=100)
    Job.objects.filter(pk=job.pk).update(**{"started_at": since, "phase_started_at": since} | fields)
    return job


def live(client: Any, *jobs: Job) -> str:
    return client.get(reverse("admin:jobs_job_live"), {"ids": ",".join(str(job.pk) for job in jobs)}).content.decode()


def test_a_running_job_tells_how_far_it_is_how_fast_and_how_long_it_will_take(signed_in: Any, manager: Any) -> None:
    running_job(done=4_000, total=16_000)
    page = signed_in(manager).get(reverse("admin:jobs_job_changelist")).content.decode()
    assert "25 %" in page
    assert re.search(r"4,000 of 16,000 · \d+ a second · \d+:\d\d left", page)


def test_a_job_in_phases_tells_which_one_it_is_in_and_its_own_pace(signed_in: Any, manager: Any) -> None:
    lately = timezone.now() - timedelta(seconds=10)
    running_job(phase="Writing", phase_started_at=lately, done=1_000, total=4_000)
    page = signed_in(manager).get(reverse("admin:jobs_job_changelist")).content.decode()
    assert re.search(r"Writing · 1,000 of 4,000 · (9\d|100) a second · 0:3\d left", page)


def test_where_nobody_knows_how_much_there_is_a_job_tells_how_much_it_did(signed_in: Any, manager: Any) -> None:
    running_job(phase="Reading the file", phase_started_at=None, done=4_000)
    page = signed_in(manager).get(reverse("admin:jobs_job_changelist")).content.decode()
    assert re.search(r"Reading the file · 4,000 so far · \d+ a second<", page)


def test_the_pages_of_an_open_job_ask_for_news_until_it_has_ended(signed_in: Any, manager: Any) -> None:
    client, job = signed_in(manager), running_job(done=1, total=4)
    for address in (reverse("admin:jobs_job_changelist"), reverse("admin:jobs_job_change", args=[job.pk])):
        assert f"/jobs/job/live/?ids={job.pk}" in client.get(address).content.decode()
    assert f'id="job-{job.pk}-bar" hx-swap-oob="true"' in live(client, job)
    assert "hx-get" in live(client, job)
    end_job(job=job, state=Job.State.SUCCEEDED)
    news = live(client, job)
    assert "Succeeded" in news
    assert "hx-get" not in news


def test_a_running_job_that_should_stop_says_so_and_offers_no_second_cancel(signed_in: Any, manager: Any) -> None:
    client, job = signed_in(manager), running_job()
    address = reverse("admin:jobs_job_action", args=[job.pk, "cancel"])
    assert address in client.get(reverse("admin:jobs_job_changelist")).content.decode()
    post(client, job, "cancel")
    page = client.get(reverse("admin:jobs_job_changelist")).content.decode()
    assert "Stopping" in page
    assert address not in page


def test_who_may_see_jobs_but_not_cancel_them_is_offered_no_cancel(signed_in: Any, viewer: Any) -> None:
    job = running_job()
    viewer.user_permissions.add(Permission.objects.get(codename="view_job"))
    page = signed_in(viewer).get(reverse("admin:jobs_job_changelist")).content.decode()
    assert f"/jobs/job/{job.pk}/change/" in page
    assert reverse("admin:jobs_job_action", args=[job.pk, "cancel"]) not in page


def test_a_page_tells_in_words_how_jobs_are_doing(signed_in: Any, manager: Any) -> None:
    broken_job()
    report_worker(worker=uuid4(), queue="default", processes=2, restarts=1)
    page = signed_in(manager).get(reverse("admin:jobs_job_health")).content.decode()
    assert "Long jobs do not start. No worker is there" in page
    assert "Started again 1 time after a failure." in page
    assert "surprise" in page
    assert "What comes next" in page


def test_home_counts_jobs_that_wait_too_long_and_schedules_that_did_not_start(signed_in: Any, manager: Any) -> None:
    enqueue_job(kind="tests.write")
    Job.objects.update(run_after=timezone.now() - timedelta(minutes=6))
    JobSchedule.objects.update(next_due=timezone.now() + timedelta(days=1))
    JobSchedule.objects.filter(name="delete old jobs").update(next_due=timezone.now() - timedelta(minutes=6))
    tasks = signed_in(manager).get("/").context["tasks"]
    counts = {str(task.queue.title): task.count.number for task in tasks}
    assert (counts["Waiting too long"], counts["Did not start"]) == (1, 1)
