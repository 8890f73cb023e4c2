"""Addresses for whoever watches the desk: is the process alive, may it be given work, and do jobs run."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from backoffice.jobs.health import stopped


class HealthMiddleware:
    """Answer `/healthz`, `/readyz` and `/jobsz` before anything looks at the host name, the session or the database.

    A probe knows the machine's number, not the name in ALLOWED_HOSTS, and speaks plain HTTP.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "alive"})
        if request.path == "/readyz":
            return self.readiness()
        if request.path == "/jobsz":
            return jobs()
        return self.get_response(request)

    def readiness(self) -> HttpResponse:
        """Say whether the database answers and has every migration; what was applied stays applied, so ask once."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            self.migrated = self.migrated or not unapplied_migrations()
        except DatabaseError:
            return JsonResponse({"status": "the database does not answer"}, status=503)
        if not self.migrated:
            return JsonResponse({"status": "migrations are missing: run manage.py migrate"}, status=503)
        return JsonResponse({"status": "ready"})


def jobs() -> HttpResponse:
    """Say whether jobs run. It is apart from `/readyz`: pages are served all the same."""
    try:
        are_late = bool(stopped())
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    if are_late:
        return JsonResponse({"status": "jobs are late: the page “How jobs are doing” says which"}, status=503)
    return JsonResponse({"status": "jobs run"})


def unapplied_migrations() -> bool:
    """Whether the code has migrations that the database has not."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
