"""Settings of the worker that benchmarks start: its queue is the desk's own, and it knows the kinds of the tests."""

from backoffice.settings.test import *  # noqa: F403
from backoffice.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.probe"]
