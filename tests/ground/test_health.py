"""What a watcher of the process is told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now
from django.test import Client

from backoffice.jobs.models import JobSchedule
from backoffice.jobs.services import report_worker


def test_alive_needs_no_database(client):
    assert client.get("/healthz").json() == {"status": "alive"}


def test_alive_asks_for_no_host_name():
    assert Client(headers={"host": "10.0.0.7:8000"}).get("/healthz").status_code == 200


@pytest.mark.django_db
def test_ready_when_the_database_has_every_migration(client):
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.django_db
def test_jobs_run_while_a_worker_of_each_queue_lives(client):
    JobSchedule.objects.update(next_due=Now() + timedelta(days=1))
    assert client.get("/jobsz").status_code == 503
    for queue in ("default", "long"):
        report_worker(worker=uuid4(), queue=queue, processes=1, restarts=0)
    assert client.get("/jobsz").json() == {"status": "jobs run"}


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    MigrationRecorder.Migration.objects.filter(app="orders").order_by("-name").first().delete()
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in response.json()["status"]
