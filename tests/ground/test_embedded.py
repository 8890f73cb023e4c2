"""The PostgreSQL of a fresh machine: started, shared, stopped, and found again after a crash."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest

from backoffice.embedded import EmbeddedError, EmbeddedPostgres
from tests.ground.desks import clean_environment, ends_soon

USE_AND_WAIT = """
import sys
from pathlib import Path
from backoffice.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1]), throwaway=True).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path):
    server = EmbeddedPostgres(tmp_path / "postgres", throwaway=True)
    yield server
    server.leave()


def other_process(folder):
    """Start a process that uses the server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", USE_AND_WAIT, str(folder)],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"started\n"
    return process


def answer(url, question):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def postmaster(server):
    return int((server.folder / "postmaster.pid").read_text().split()[0])


def test_start_gives_the_address_of_a_database(server):
    assert answer(server.start(), "SELECT current_database()") == "backoffice"


def test_letters_beyond_ascii_have_upper_case_on_every_machine(server):
    assert answer(server.start(), "SELECT upper('é')") == "É"


def test_it_listens_on_no_network(server):
    assert answer(server.start(), "SHOW listen_addresses") == ""


def test_leaving_stops_the_server(server):
    server.start()
    pid = postmaster(server)
    server.leave()
    assert ends_soon(pid)


def test_data_is_there_after_a_restart(server):
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.leave()
    assert answer(server.start(), "SELECT answer FROM kept") == 42


def test_the_last_to_leave_stops_it(server):
    url = server.start()
    other = other_process(server.folder)
    server.leave()
    assert answer(url, "SELECT 1") == 1
    pid = postmaster(server)
    other.communicate()
    assert ends_soon(pid)


def test_a_killed_user_does_not_count(server):
    other = other_process(server.folder)
    other.kill()
    other.communicate()
    server.start()
    pid = postmaster(server)
    server.leave()
    assert ends_soon(pid)


def test_a_killed_server_starts_again(server):
    server.start()
    os.kill(postmaster(server), signal.SIGKILL)
    server._server.wait()
    again = EmbeddedPostgres(server.folder, throwaway=True)
    assert answer(again.start(), "SELECT 1") == 1
    server.leave()
    again.leave()


def test_a_pid_file_naming_another_program_is_no_obstacle(server):
    server.start()
    server.leave()
    (server.folder / "postmaster.pid").write_text(f"{os.getpid()}\n{server.folder}\n1\n5432\n\n\n0 0\nready\n")
    assert answer(server.start(), "SELECT 1") == 1


def test_an_interrupted_initialisation_is_begun_anew(server):
    server.folder.mkdir()
    (server.folder / "half").mkdir()
    assert answer(server.start(), "SELECT 1") == 1


@pytest.mark.parametrize("name", ["deep/" + "folder/" * 20, "with, comma", "with 'quotes' and spaces"])
def test_awkward_paths_work(tmp_path, name):
    server = EmbeddedPostgres(tmp_path / name / "postgres", throwaway=True)
    assert answer(server.start(), "SELECT 1") == 1
    socket_folder = server._socket_folder()
    server.leave()
    assert socket_folder == server.folder or not socket_folder.exists()


def test_data_of_another_version_is_refused_with_the_way_out(server):
    server.start()
    server.leave()
    (server.folder / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 13.*Dump it"):
        server.start()
    (server.folder / "PG_VERSION").write_text("18\n")


def test_a_place_that_cannot_hold_files_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="Set BACKOFFICE_DATA_DIR"):
        EmbeddedPostgres(tmp_path / "file" / "postgres").start()


def test_a_failed_start_shows_what_the_server_said(server):
    server.start()
    server.leave()
    (server.folder / "postgresql.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        server.start()


def test_no_folder_above_the_data_is_opened_to_others(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedPostgres(private / "postgres", throwaway=True)
    assert answer(server.start(), "SELECT 1") == 1
    server.leave()
    assert private.stat().st_mode & 0o777 == 0o700
