"""What the export answers instead of data: a status and a sentence that says what to do."""

from collections.abc import Mapping
from http import HTTPStatus


class Refusal(Exception):
    """The request is answered with `status`, `headers` and the sentence."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, sentence: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.headers = dict(headers or {})


class BadRequest(Refusal):
    """The address says something that cannot be answered."""


class Unauthorised(Refusal):
    """Nobody is known to be asking."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, headers={"WWW-Authenticate": 'Bearer realm="Backoffice export"'})


class Forbidden(Refusal):
    """Whoever asks may not see this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Refusal):
    """There is no such collection."""

    status = HTTPStatus.NOT_FOUND


class TooManyRequests(Refusal):
    """The token has to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, sentence: str, *, seconds: int) -> None:
        super().__init__(sentence, headers={"Retry-After": str(seconds)})
