"""Settings of a developer's machine: demo sign-ins, no secrets worth keeping."""

from .base import *  # noqa: F403

DEBUG = True
SECRET_KEY = "local-only-not-a-secret"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
