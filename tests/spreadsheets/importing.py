"""Helpers for tests of imports: small files, and the command with its answer."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.db import connection

PATIENCE = 60


def write_csv(path: Path, header: str, *rows: str) -> Path:
    """Write a CSV file of a header line and row lines."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def write_table(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> Path:
    """Write a CSV file of cells."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def run_import(resource: str, path: Path, *arguments: str) -> dict[str, Any]:
    """Run an import and return its answer with its exit status."""
    return run_command("import_spreadsheet", resource, str(path), *arguments)


def run_command(name: str, *arguments: str) -> dict[str, Any]:
    """Run a command and return its answer with its exit status."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except SystemExit as stop:
        status = int(stop.code or 0)
    answer: dict[str, Any] = json.loads(out.getvalue()) if out.getvalue() else {}
    return answer | {"status": status, "stderr": err.getvalue()}


def counts(answer: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return how many rows an import created, updated, left and refused."""
    return answer["create"], answer["update"], answer["unchanged"], answer["refused"]


def start_import(resource: str, path: Path, **popen: Any) -> "subprocess.Popen[bytes]":
    """Start the command in a process of its own, on the database of this test."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_spreadsheet", resource, str(path), "--apply"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": urlunsplit(url), "DJANGO_SETTINGS_MODULE": "backoffice.settings.test"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        **popen,
    )


def wait_until(condition: Callable[[], object]) -> None:
    """Wait, not for ever, for what another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
