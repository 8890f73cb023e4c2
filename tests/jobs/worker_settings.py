"""Settings of the worker that tests start: it knows the kinds of the tests, and loses patience soon."""

import os

from backoffice.settings.test import *  # noqa: F403
from backoffice.settings.test import INSTALLED_APPS, Q_CLUSTER

SECRET_KEY = os.environ.get("WORKER_SECRET_KEY", "test-only-not-a-secret")
INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.probe"]
Q_CLUSTER = Q_CLUSTER | {
    "workers": 2,
    "queue_limit": 2,
    "poll": 0.05,
    "guard_cycle": 0.1,
    "ALT_CLUSTERS": {"long": {"workers": 1, "queue_limit": 1}},
}
JOBS_LEASE_SECONDS = 1.5
JOBS_HEARTBEAT_SECONDS = 0.3
JOBS_TICK_SECONDS = 0.5
JOBS_CANARY_SECONDS = 12
JOBS_ORPHAN_SECONDS = 1
JOBS_STOP_SECONDS = 5
