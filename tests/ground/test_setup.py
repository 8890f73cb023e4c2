"""`make setup` on machines of different kinds."""

import shutil
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.fixture
def clone(tmp_path):
    """A clone that needs no library, so that an environment takes a moment."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(settings.BASE_DIR / ".ci" / "setup", tmp_path / ".ci")
    (tmp_path / "requirements.lock").write_text("# nothing\n")
    return tmp_path


@pytest.fixture
def programs(tmp_path):
    """A PATH of one folder: the tools every machine has, and what the test adds."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("sh", "dirname", "cksum", "cat", "rm", "ls"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def add_program(folder, name, script):
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def setup(clone, programs):
    return subprocess.run(
        [str(clone / ".ci" / "setup")], env={"PATH": str(programs)}, capture_output=True, text=True, check=False
    )


def test_a_machine_without_python_is_told_what_to_install(clone, programs):
    result = setup(clone, programs)
    assert result.returncode == 1
    assert "needs Python 3.12 or newer" in result.stderr


def test_a_uv_that_finds_no_python_leaves_the_search_to_us(clone, programs):
    add_program(programs, "uv", '[ "$1" = --version ] || { echo "no network" >&2; exit 2; }')
    result = setup(clone, programs)
    assert result.returncode == 1
    assert "needs Python 3.12 or newer" in result.stderr


def test_a_name_on_path_that_does_not_run_is_passed_over(clone, programs):
    add_program(programs, "python3.14", "echo 'command not found' >&2; exit 127")
    add_program(programs, "python3.12", f'exec {sys.executable} "$@"')
    result = setup(clone, programs)
    assert "Creating .venv with python3.12" in result.stdout, result.stderr
    assert (clone / ".venv" / "bin" / "python").exists()


def test_nothing_is_done_when_all_is_there(clone, programs):
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    setup(clone, programs)
    assert setup(clone, programs).stdout == ""


def test_a_changed_lock_is_installed_into_the_same_environment(clone, programs):
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    setup(clone, programs)
    (clone / "requirements.lock").write_text("# still nothing\n")
    assert setup(clone, programs).stdout == "Installing requirements.lock\n"


def test_a_moved_project_gets_a_new_environment(clone, programs, tmp_path_factory):
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    setup(clone, programs)
    moved = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(clone, moved, symlinks=True)
    assert "Creating .venv" in setup(moved, programs).stdout
