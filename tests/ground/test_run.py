"""`make run`, as a newcomer meets it: each test starts the real thing on a database filled once."""

import os
import signal
import socket
import subprocess

import pytest
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.accounts.roles import ROLES
from backoffice.accounts.services import demo_sign_ins
from backoffice.embedded import EmbeddedPostgres
from backoffice.management.commands.run import Command
from orders.models import Order
from tests.factories import make_historical
from tests.ground.desks import MANAGE, Desk, clean_environment, ends_soon, runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data folder after its first start."""
    folder = tmp_path_factory.mktemp("desk") / "var"
    desk = Desk(folder).wait_until_ready()
    assert desk.end() == 0, desk.output()
    return folder


@pytest.fixture
def desk(data_dir):
    """A desk that the test may end."""
    desk = Desk(data_dir)
    yield desk
    if desk.process.poll() is None:
        desk.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def running_desk(data_dir, tmp_path_factory):
    """A desk that tests only look at, on a copy of the data."""
    folder = tmp_path_factory.mktemp("running") / "var"
    subprocess.run(["cp", "-a", str(data_dir), str(folder)], check=True)
    desk = Desk(folder).wait_until_ready()
    yield desk
    desk.end(signal.SIGTERM)


def server_pid(data_dir):
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_it_names_its_address_and_one_sign_in_a_role(running_desk):
    assert f"http://localhost:{running_desk.port}/" in running_desk.output()
    assert all(role in running_desk.output() for role in ROLES)


def test_it_answers_when_it_says_so(running_desk):
    assert running_desk.get("/login/")[0] == 200


def test_second_start_keeps_the_data(running_desk):
    assert "First start" not in running_desk.output()


def test_second_desk_on_the_same_data_is_refused(running_desk):
    second = Desk(running_desk.data_dir)
    assert second.process.wait(30) == 1
    assert "is running already" in second.output()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asking_it_to_stop_ends_everything_it_started(desk, number):
    started = [*desk.wait_until_ready().children(), server_pid(desk.data_dir)]
    assert desk.end(number) == 0
    assert [pid for pid in started if runs(pid)] == []


@pytest.mark.parametrize(("position", "name"), [(0, "web server"), (1, "job worker")])
def test_death_of_a_child_is_named_and_stops_the_rest(desk, position, name):
    children = desk.wait_until_ready().children()
    os.kill(children[position], signal.SIGKILL)
    assert desk.process.wait(60) == 1
    assert f"The {name} stopped by itself (signal SIGKILL)" in desk.output()
    assert all(ends_soon(pid) for pid in children)


def test_start_after_a_kill_ends_what_was_left(data_dir):
    killed = Desk(data_dir).wait_until_ready()
    left = killed.children()
    killed.end(signal.SIGKILL)
    again = Desk(data_dir, killed.port).wait_until_ready()
    assert again.get("/readyz")[0] == 200
    assert [pid for pid in left if runs(pid)] == []
    assert again.end() == 0


def test_port_in_use_is_said_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        desk = Desk(tmp_path / "var", str(taken.getsockname()[1]))
        assert desk.process.wait(30) == 1
    assert "is in use by another program" in desk.output()
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_place_that_cannot_hold_files_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    desk = Desk(tmp_path / "file" / "var", log=tmp_path / "log")
    assert desk.process.wait(30) == 1
    assert "Set BACKOFFICE_DATA_DIR" in desk.output()
    assert "Traceback" not in desk.output()


@pytest.mark.parametrize("port", ["eighty", "0", "70000"])
def test_a_port_that_is_none_is_refused(tmp_path, port):
    desk = Desk(tmp_path / "var", port)
    assert desk.process.wait(30) == 1
    assert "which is no port" in desk.output()


def test_database_down_gives_pages_with_a_sentence(desk):
    desk.wait_until_ready()
    os.kill(server_pid(desk.data_dir), signal.SIGINT)
    EmbeddedPostgres(desk.data_dir / "postgres").stop()
    status, page = desk.get("/login/")
    assert status == 503
    assert "The database does not answer" in page
    assert [desk.get("/healthz")[0], desk.get("/readyz")[0]] == [200, 503]


def test_production_makes_no_demo_sign_ins():
    required = {"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "x", "DATABASE_URL": os.environ["DATABASE_URL"]}
    required |= {"REDIS_URL": "redis://localhost", "EMAIL_URL": "smtp://localhost", "DEFAULT_FROM_EMAIL": "a@b.example"}
    environment = clean_environment(DJANGO_SETTINGS_MODULE="backoffice.settings.production", **required)
    result = subprocess.run([*MANAGE, "run"], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "for a desk on your own machine" in result.stderr


@pytest.mark.django_db
def test_a_desk_that_holds_imported_orders_gets_people_and_no_more_orders() -> None:
    make_historical(placed_at=timezone.now())
    Command().prepare_database(5)
    assert (User.objects.count(), Order.objects.count()) == (len(demo_sign_ins()), 1)
