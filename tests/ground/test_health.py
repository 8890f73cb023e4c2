"""What a watcher of the process is told."""

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_alive_needs_no_database(client):
    assert client.get("/healthz").json() == {"status": "alive"}


def test_alive_asks_for_no_host_name():
    assert Client(headers={"host": "10.0.0.7:8000"}).get("/healthz").status_code == 200


@pytest.mark.django_db
def test_ready_when_the_database_has_every_migration(client):
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    MigrationRecorder.Migration.objects.filter(app="orders").order_by("-name").first().delete()
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in response.json()["status"]
