"""Settings of the cluster under which jobs would run twice, for ever, or not at all, stop the program."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from backoffice.jobs.registry import DEFAULT, LONG, MAX_TIME_LIMIT


def check_cluster(**_kwargs: Any) -> list[CheckMessage]:
    """Check `Q_CLUSTER`, for each cluster that it makes, and the times of leases."""
    cluster: dict[str, Any] = getattr(settings, "Q_CLUSTER", {})
    others = cluster.get("ALT_CLUSTERS", {})
    broken = {
        number: Error(f"Q_CLUSTER: {sentence}", id=f"jobs.E{number:03}")
        for each in [cluster, *(cluster | other for other in others.values())]
        for number, (holds, sentence) in enumerate(_rules(each), 1)
        if not holds
    }
    return list(broken.values())


def _rules(cluster: dict[str, Any]) -> list[tuple[bool, str]]:
    workers, retry = cluster.get("workers"), cluster.get("retry", 0)
    longest = max(cluster.get("timeout") or MAX_TIME_LIMIT, MAX_TIME_LIMIT)
    heartbeat, lease = settings.JOBS_HEARTBEAT_SECONDS, settings.JOBS_LEASE_SECONDS
    return [
        (bool(cluster.get("orm")), "set orm to a database: messages commit with the rows they speak of."),
        (
            cluster.get("broker_class") == "backoffice.jobs.broker.Broker",
            "set broker_class to backoffice.jobs.broker.Broker: all machines go by the database's clock.",
        ),
        (
            bool(workers) and cluster.get("queue_limit") == workers,
            "set queue_limit to workers: messages taken in advance are late, or come twice.",
        ),
        (
            bool(cluster.get("timeout")) and retry > 2 * longest,
            f"set a timeout, and retry above {2 * longest}: a message must not come back while its job runs.",
        ),
        (0 < cluster.get("max_attempts", 0) <= 10, "set max_attempts to 1..10: 0 repeats a failing task for ever."),
        (cluster.get("scheduler") is False, "set scheduler to False: run_worker enqueues what is due."),
        (cluster.get("ack_failures") is True, "set ack_failures to True: the job's row tells of failures."),
        (cluster.get("save_limit", 0) != 0, "set save_limit other than 0: records of success would pile up."),
        (cluster.get("sync") is not True, "leave sync off: jobs run in the worker."),
        (
            cluster.get("cluster_name") == DEFAULT and set(cluster.get("ALT_CLUSTERS", {})) == {LONG},
            f"call the clusters {DEFAULT} and {LONG}: that is where jobs are sent.",
        ),
        (0 < heartbeat * 3 <= lease, "set JOBS_LEASE_SECONDS to three JOBS_HEARTBEAT_SECONDS or more."),
    ]
