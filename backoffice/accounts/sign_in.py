"""Rules of signing in: who tried, and from where, when tries are counted."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def attempted_email(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str | None:
    """Return the address somebody tried, as it is kept: otherwise each spelling of it would get tries of its own."""
    tried = (credentials or {}).get("username") or (credentials or {}).get("email")
    if tried is None and request is not None:
        tried = request.POST.get("username")
    return tried.strip().lower() if tried else None


def client_address(request: HttpRequest) -> str:
    """Return the machine a request came from: behind proxies, what the outermost one of ours saw.

    Each proxy appends to X-Forwarded-For, so only the last entries, one for each proxy of ours, can be believed.
    """
    proxies: int = settings.PROXY_COUNT
    passed_on = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if 0 < proxies <= len(passed_on) and passed_on[-proxies]:
        return passed_on[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))
