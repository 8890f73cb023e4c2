#!/usr/bin/env python
"""Command line of Backoffice: `manage.py help` lists what it can do."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError

from backoffice.embedded import EmbeddedError, start_postgres
from backoffice.errors import database_is_away
from backoffice.supervisor import SupervisorError, claim_desk

BASE_DIR = Path(__file__).resolve().parent
LOCAL_SETTINGS = "backoffice.settings.local"
# These say something about the code, and need no data.
WITHOUT_DATABASE = {
    "",
    "help",
    "--help",
    "-h",
    "version",
    "--version",
    "makemessages",
    "compilemessages",
    "collectstatic",
}


def main() -> None:
    """Run a management command; under local settings without DATABASE_URL, on the embedded PostgreSQL."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", LOCAL_SETTINGS)
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        if os.environ["DJANGO_SETTINGS_MODULE"] == LOCAL_SETTINGS:
            prepare_local_desk(command)
        execute_from_command_line(sys.argv)
    except (EmbeddedError, SupervisorError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except (OperationalError, InterfaceError) as error:
        if not database_is_away(error):
            raise
        sys.stderr.write("The database is away. Start it, or correct DATABASE_URL, and try again.\n")
        sys.exit(2)


def prepare_local_desk(command: str) -> None:
    """Claim what `run` needs before anything starts, then have a database."""
    data_dir = Path(os.environ.get("BACKOFFICE_DATA_DIR") or BASE_DIR / "var").absolute()
    if command == "run":
        claim_desk(data_dir, os.environ.get("PORT") or "8000")
    if not os.environ.get("DATABASE_URL") and command not in WITHOUT_DATABASE:
        os.environ["DATABASE_URL"] = start_postgres(data_dir / "postgres")


if __name__ == "__main__":
    main()
