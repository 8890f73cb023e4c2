"""Settings of a worker as django-q2's documentation has it: the ORM broker, and defaults for all but the name."""

from backoffice.settings.test import *  # noqa: F403
from backoffice.settings.test import JOB_WORKERS, Q_CLUSTER

Q_CLUSTER = {
    "name": Q_CLUSTER["name"],
    "cluster_name": "stock",
    "orm": "default",
    "workers": JOB_WORKERS,
    "timeout": 50,
}
SILENCED_SYSTEM_CHECKS = [f"jobs.E{number:03}" for number in range(1, 12)]
