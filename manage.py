#!/usr/bin/env python
"""Command line of Backoffice: `manage.py help` lists what it can do."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from backoffice.embedded import start_postgres

BASE_DIR = Path(__file__).resolve().parent


def main() -> None:
    """Run a management command; without DATABASE_URL, on the embedded PostgreSQL."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.local")
    if "DATABASE_URL" not in os.environ and not os.environ["DJANGO_SETTINGS_MODULE"].endswith("production"):
        data_dir = Path(os.environ.get("BACKOFFICE_DATA_DIR", BASE_DIR / "var"))
        os.environ["DATABASE_URL"] = start_postgres(data_dir.absolute() / "postgres")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
