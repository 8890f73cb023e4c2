"""How gunicorn serves the desk: `gunicorn --config python:backoffice.gunicorn_conf backoffice.wsgi`."""

import os
from pathlib import Path

bind = os.environ.get("BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
reload = os.environ.get("DEBUG", "").lower() in ("1", "true", "yes", "on")
# Loading before forking shares memory, and a missing setting stops the server instead of restarting workers for ever.
preload_app = not reload
timeout = 60
graceful_timeout = 30
# A worker is replaced now and then, so that no leak lives long; the jitter keeps them from going together.
max_requests = 10_000
max_requests_jitter = 1_000
# Saved views carry their filters in the address.
limit_request_line = 8190
control_socket_disable = True
# A heartbeat file on disk can block on a busy disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
