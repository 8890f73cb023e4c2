"""Who is asking, and what they may read."""

import time
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import ApiToken
from backoffice.accounts.services import token_digest
from backoffice.jsonexport.declarations import Export
from backoffice.jsonexport.refusals import Forbidden, TooManyRequests, Unauthorised

MINUTE = timedelta(minutes=1)


def authenticate(request: HttpRequest) -> ApiToken:
    """Return the token that the request carries; sessions count for nothing here."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorised(_("Send a token in the header “Authorization: Bearer bo_…”. An administrator issues one."))
    tokens = ApiToken.objects.usable(at=timezone.now()).select_related("owner")
    token: ApiToken | None = tokens.filter(digest=token_digest(secret.strip())).first()
    if token is None:
        raise Unauthorised(_("The token is unknown, revoked or expired. Ask an administrator for a new one."))
    return token


def note_use(token: ApiToken) -> None:
    """Keep when the token was last used, to the minute."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - MINUTE:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - MINUTE)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def require_access(token: ApiToken, export: Export) -> None:
    """Refuse a token without the scope, and one whose owner may not look at the same in the desk."""
    if not token.opens(export.scope):
        raise Forbidden(_("This token does not open %(scope)s. Ask for one that does.") % {"scope": export.scope})
    missing = [permission for permission in export.permissions if not token.owner.has_perm(permission)]
    if missing:
        raise Forbidden(
            _("The owner of this token lacks the permission %(permissions)s.") % {"permissions": ", ".join(missing)}
        )


def limit_rate(token: ApiToken) -> None:
    """Refuse more than `JSON_EXPORT_REQUESTS_PER_MINUTE` of one token; without a cache nothing is refused."""
    allowed = settings.JSON_EXPORT_REQUESTS_PER_MINUTE
    minute, second = divmod(int(time.time()), 60)
    key = f"jsonexport:{token.pk}:{minute}"
    used = 1 if cache.add(key, 1, timeout=120) else cache.incr(key) or 0
    if used > allowed:
        wait = 60 - second
        sentence = ngettext(
            "A token may ask %(allowed)d times a minute. Wait a second.",
            "A token may ask %(allowed)d times a minute. Wait %(wait)d seconds.",
            wait,
        )
        raise TooManyRequests(sentence % {"allowed": allowed, "wait": wait}, seconds=wait)
