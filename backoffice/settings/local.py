"""Settings of one's own machine: demo sign-ins, no secrets worth keeping, pages as production shows them.

`DEBUG=1` shows tracebacks and reloads changed code instead.
"""

from backoffice.settings.base import *  # noqa: F403
from backoffice.settings.base import LOGGING, env

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = "local-only-not-a-secret"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
DEMO_SIGN_INS = True

# Static files come from where they lie, so that there is nothing to collect.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# Each minute of the queue would push the sign-ins off the terminal.
LOGGING["loggers"]["django-q"] = {"level": "WARNING"}
