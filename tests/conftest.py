"""The ground under every test: a real PostgreSQL of its own, and one signed-in browser a role."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client

from backoffice.accounts.models import User
from backoffice.accounts.services import grant_role


@pytest.fixture(autouse=True, scope="session")
def flush_passes_history_guards() -> Iterator[None]:
    """Let the flush between transactional tests empty the append-only tables, in its own transaction."""
    flush = DatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        flush(self, ["SELECT set_config('backoffice.test_flush', 'on', true)", *sql_list])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture
def shared_data() -> Path:
    """The folder of real input files beside the project."""
    return Path(settings.BASE_DIR).parent / "shared" / "data"


def _user_with(role: str) -> Any:
    user = User.objects.create_user(f"{role.lower().replace(' ', '.')}@example.com", "a-long-password", name=role)
    grant_role(user=user, role=role)
    return user


@pytest.fixture
def viewer(db: None) -> Any:
    return _user_with("Viewer")


@pytest.fixture
def operator(db: None) -> Any:
    return _user_with("Operator")


@pytest.fixture
def catalogue_manager(db: None) -> Any:
    return _user_with("Catalogue manager")


@pytest.fixture
def manager(db: None) -> Any:
    return _user_with("Manager")


@pytest.fixture
def administrator(db: None) -> Any:
    return _user_with("Administrator")


@pytest.fixture
def signed_in() -> Any:
    """Return a function that gives a test client signed in as a user."""

    def sign_in(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
