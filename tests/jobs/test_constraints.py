"""What the database itself refuses, tried by SQL."""

import pytest

from backoffice.jobs.services import claim_job, enqueue_job
from tests.constraints import refused_by, rules_of
from tests.jobs import kinds  # noqa: F401

pytestmark = pytest.mark.django_db

ATTEMPTS = [
    ("jobs_job_key_once", "UPDATE jobs_job SET key = 'same'"),
    ("jobs_job_running_is_held", "UPDATE jobs_job SET token = NULL"),
    ("jobs_job_running_is_held", "UPDATE jobs_job SET state = 'running'"),
    ("jobs_job_running_is_held", "UPDATE jobs_job SET lease_until = now()"),
    ("jobs_job_ended_has_time", "UPDATE jobs_job SET state = 'failed', token = NULL, lease_until = NULL"),
    ("jobs_job_ended_has_time", "UPDATE jobs_job SET finished_at = now()"),
    ("jobs_job_attempts_within_limit", "UPDATE jobs_job SET attempt = max_attempts + 1"),
    ("jobs_job_attempt_check", "UPDATE jobs_job SET attempt = -1"),
    ("jobs_job_done_check", "UPDATE jobs_job SET done = -1"),
    ("jobs_job_total_check", "UPDATE jobs_job SET total = -1"),
    ("jobs_jobschedule_name_key", "UPDATE jobs_jobschedule SET name = 'same'"),
]


@pytest.mark.parametrize(("rule", "sql"), ATTEMPTS)
def test_the_database_refuses(rule: str, sql: str) -> None:
    enqueue_job(kind="tests.write")
    claim_job(job_id=enqueue_job(kind="tests.write").pk)

    assert refused_by(sql) == rule


def test_every_rule_is_tried() -> None:
    implied = {"jobs_job_max_attempts_check"}  # by the two rules about attempts, so it is never the one that refuses
    implied |= {f"jobs_worker_{column}_check" for column in ("pid", "processes", "restarts")}  # counts, never negative
    assert rules_of("jobs") == {rule for rule, _sql in ATTEMPTS} | implied
