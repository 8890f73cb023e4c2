"""The pages people see when a request cannot be served: a sentence and the next step, never a traceback."""

import re
import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.debug import SafeExceptionReporterFilter

# PostgreSQL's classes of "cannot serve anybody": connection exceptions, out of resources, shutting down.
UNAVAILABLE_CLASSES = ("08", "53", "57P")

# Settings that are addresses, with a password in them.
ADDRESSES = "WATCH_FOLDER|EXPORT_FOLDER|MAILBOX|REDIS_URL|LOCATION"


class ReportFilter(SafeExceptionReporterFilter):
    """Leaves the values of secret settings out of what Django reports of an error, addresses among them."""

    hidden_settings = re.compile(f"{SafeExceptionReporterFilter.hidden_settings.pattern}|{ADDRESSES}", re.IGNORECASE)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that could not be read; say so when it was only too large."""
    too_large = isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent))
    reason = ""
    if too_large:
        reason = _("More was sent than the desk takes at once. Nothing was saved: send a smaller file or fewer rows.")
    return HttpResponse(render_to_string("400.html", {"reason": reason}), status=413 if too_large else 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a request that failed: 503 while the database is away, else 500. Neither template asks the database."""
    context = {"request_id": getattr(request, "request_id", "")}
    if database_is_away(sys.exception()):
        return HttpResponse(render_to_string("503.html", context), status=503, headers={"Retry-After": "10"})
    return HttpResponse(render_to_string("500.html", context), status=500)


def database_is_away(error: BaseException | None) -> bool:
    """Whether `error` came from having no database, rather than from what was asked of it."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(UNAVAILABLE_CLASSES)
