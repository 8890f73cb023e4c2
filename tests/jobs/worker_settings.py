"""Settings of the worker that tests start: it knows the kinds of the tests, and loses patience soon."""

from backoffice.settings.test import *  # noqa: F403
from backoffice.settings.test import INSTALLED_APPS, Q_CLUSTER

SECRET_KEY = "test-only-not-a-secret"
INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.probe"]
Q_CLUSTER = Q_CLUSTER | {"workers": 1, "queue_limit": 1, "poll": 0.05, "guard_cycle": 0.1}
JOBS_LEASE_SECONDS = 1.5
JOBS_HEARTBEAT_SECONDS = 0.3
