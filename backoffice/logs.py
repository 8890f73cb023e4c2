"""Log lines: one shape for ours and the libraries', each with the id of the request it belongs to."""

import logging
import re
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(*, level: str, renderers: list[Any]) -> dict[str, Any]:
    """Return the LOGGING setting that sends everything to standard error through `renderers`."""
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED_PROCESSORS, structlog.stdlib.ExtraAdder(), without_objects],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django and gunicorn bring handlers of their own; theirs would say everything twice.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.error": {"handlers": [], "propagate": True},
            # Refused requests have their line already, with the id of the request, which these have not.
            "django.request": {"level": "ERROR"},
            # Every sign-in that went well is four lines of housekeeping; those that failed are warnings.
            "axes": {"level": "WARNING"},
        },
    }


def json_renderers() -> list[Any]:
    """Return how production writes: one JSON object a line, tracebacks inside."""
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def readable_renderers() -> list[Any]:
    """Return how a person's terminal is written to."""
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    ]


def without_objects(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Leave out the request and response objects that Django attaches to its lines."""
    return {key: value for key, value in event.items() if key not in ("request", "response", "server_time")}


def request_id_from(header: str | None) -> str:
    """Return the id that a proxy gave, if it looks like one, else a new one."""
    return header if header and SANE_ID.fullmatch(header) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Give each request an id, in its log lines and its answer, and write one line about it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_from(request.headers.get(HEADER))
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            logger.info("%s %s", request.method, request.path, extra=facts(request, response, started))
        response[HEADER] = request_id
        return response


def facts(request: HttpRequest, response: HttpResponse, started: float) -> dict[str, Any]:
    """Return what the line about a request says: never its parameters, which may be personal."""
    # Only if the request asked who it is: logging must not be what queries the session.
    user = getattr(request, "_cached_user", None)
    return {
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - started) * 1000),
        "user_id": getattr(user, "pk", None),
    }
