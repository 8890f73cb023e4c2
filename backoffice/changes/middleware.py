"""One change set a request: who asked, on which page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet


class ChangeSetMiddleware:
    """Record the writes of a request under its user; a request that writes nothing leaves nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.user.is_authenticated else None
        with recording(
            kind=ChangeSet.Kind.FORM,
            actor=user,
            source=f"{request.method} {request.path}"[:255],
            request_id=getattr(request, "request_id", ""),
        ):
            return self.get_response(request)
