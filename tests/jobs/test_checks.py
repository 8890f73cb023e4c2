"""Settings that would lose or repeat jobs are errors."""

from typing import Any

import pytest

from backoffice.jobs.checks import check_cluster


def test_the_settings_of_the_project_pass() -> None:
    assert check_cluster() == []


@pytest.mark.parametrize(
    "unsound",
    [
        {"orm": None},
        {"broker_class": None},
        {"queue_limit": 50},
        {"retry": 60},
        {"timeout": None},
        {"max_attempts": 0},
        {"scheduler": True},
        {"cluster_name": "other"},
        {"ALT_CLUSTERS": {}},
        {"ALT_CLUSTERS": {"long": {"workers": 2, "queue_limit": 9}}},
        {"ack_failures": False},
        {"save_limit": 0},
        {"sync": True},
    ],
    ids=str,
)
def test_an_unsound_setting_of_the_cluster_is_an_error(unsound: dict[str, Any], settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | unsound
    assert len(check_cluster()) == 1


def test_a_lease_shorter_than_three_heartbeats_is_an_error(settings: Any) -> None:
    settings.JOBS_LEASE_SECONDS = settings.JOBS_HEARTBEAT_SECONDS
    assert [error.id for error in check_cluster()] == ["jobs.E011"]
