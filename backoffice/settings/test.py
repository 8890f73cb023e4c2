"""Settings of the test suite: as production where it matters, quick where it does not."""

import os
import tempfile
from pathlib import Path

from backoffice.embedded import start_postgres

if "DATABASE_URL" not in os.environ:
    folder = Path(tempfile.gettempdir()) / f"backoffice-tests-{os.getuid()}"
    os.environ["DATABASE_URL"] = start_postgres(folder / "postgres")

from .base import *  # noqa: E402, F403

SECRET_KEY = "test-only-not-a-secret"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
