"""The ground under every test: a real PostgreSQL of its own, and one signed-in browser a role."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from django.test.utils import override_settings
from model_bakery.random_gen import baker_random
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from backoffice.accounts.models import User
from backoffice.accounts.services import grant_role
from tests.buckets import BucketHost
from tests.mailboxes import Mailbox, MailHost


@pytest.fixture(autouse=True, scope="session")
def flush_passes_history_guards() -> Iterator[None]:
    """Let the flush between transactional tests empty the append-only tables, in its own transaction."""
    flush = DatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        flush(self, ["SELECT set_config('backoffice.test_flush', 'on', true)", *sql_list])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture(autouse=True, scope="session")
def files_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep uploads, reports and seals of tests out of the folder of a desk that runs here."""
    folder = tmp_path_factory.mktemp("files")
    with override_settings(MEDIA_ROOT=folder, HISTORY_HEADS_FILE=folder / "history-heads.log"):
        yield


@pytest.fixture(autouse=True, scope="session")
def end_sessions_left_behind(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """End what still holds the database when it is to be dropped, such as the session of a process that was killed."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Let no test see what another one cached; each process of a run has a cache of its own."""
    cache.clear()


@pytest.fixture(autouse=True)
def same_random_values_each_time(request: pytest.FixtureRequest) -> None:
    """Fill what a test leaves open with values that are random from test to test, and the same in each run of one."""
    baker_random.seed(request.node.nodeid)


SHARED_DATA = Path(os.environ.get("BACKOFFICE_SHARED_DATA") or settings.BASE_DIR.parent / "shared" / "data")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real input files, which are not part of the project: beside it, or where the environment says."""
    return SHARED_DATA


# Tests that share what takes long to make: a filled database, a worker that runs.
IN_ONE_PROCESS = {
    "tests/ground/test_run.py",
    "tests/jobs/test_cluster.py",
    "tests/orders/test_real_input.py",
    "tests/reports/test_behind.py",
}


class Sharing(LoadScopeScheduling):
    """Hands out tests one by one, and those of a file that share something to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return file if file in IN_ONE_PROCESS else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Decide which process runs which test, where several do."""
    return Sharing(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there are no real input files, leave out the tests that read them, and let the count say so."""
    if SHARED_DATA.is_dir():
        return
    reading = [item for item in items if "shared_data" in item.fixturenames or item.get_closest_marker("real_input")]
    items[:] = [item for item in items if item not in reading]
    config.hook.pytest_deselected(items=reading)


def pytest_report_header() -> list[str]:
    """Say which server the tests use, and whether they see the real input files."""
    server = "its own PostgreSQL" if "backoffice-tests-" in os.environ["DATABASE_URL"] else "the one of DATABASE_URL"
    found = SHARED_DATA if SHARED_DATA.is_dir() else f"none at {SHARED_DATA}: tests of them are deselected"
    return [f"database: {server}", f"real input files: {found}"]


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


@pytest.fixture(scope="session")
def bucket_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketHost]:
    """A server of buckets."""
    with BucketHost(tmp_path_factory.mktemp("buckets")) as host:
        yield host


@pytest.fixture(params=["folder", "bucket"])
def place_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty place: once a folder, once a bucket."""
    if request.param == "folder":
        return str(tmp_path / "place")
    host: BucketHost = request.getfixturevalue("bucket_host")
    return host.new_bucket()


@pytest.fixture(scope="session")
def mail_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailHost]:
    """A server of mailboxes."""
    with MailHost(tmp_path_factory.mktemp("mailboxes")) as host:
        yield host


@pytest.fixture
def mailbox(mail_host: MailHost, settings: Any) -> Mailbox:
    """An empty mailbox that is looked into for spreadsheets."""
    box = mail_host.new_mailbox()
    settings.SPREADSHEET_MAILBOX = box.address
    return box


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium: the machine's own, else Playwright's, fetched on first use."""
    # Playwright runs a loop in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(playwright), args=["--no-sandbox"])
        yield browser
        browser.close()


def chromium_path(playwright: Playwright) -> str:
    """Return the browser to drive; say how to get one where none can be had."""
    installed = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    own = playwright.chromium.executable_path
    found = next((path for path in [*installed, own] if path and Path(path).exists()), None)
    if found is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not Path(found or own).exists():
        pytest.fail("The browser tests need Chromium: install the package chromium, or google-chrome, and run again.")
    return found or own


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page, 1440 wide, that fails the test when a script on it fails."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    failures: list[str] = []
    tab.on("pageerror", lambda error: failures.append(str(error)))
    tab.set_default_timeout(10_000)
    yield tab
    context.close()
    assert not failures, failures
