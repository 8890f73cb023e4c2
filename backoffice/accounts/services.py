"""Writes about people and tokens."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import ApiToken, Membership, User
from backoffice.accounts.roles import ROLES
from backoffice.changes.services import service

DEMO_PASSWORD = "backoffice-demo"  # noqa: S105
TOKEN_LEAD = "bo_"  # noqa: S105


@transaction.atomic
def grant_role(*, user: User, role: str) -> None:
    """Let `user` hold `role`, one of `roles.ROLES`."""
    if role not in ROLES:
        raise ValidationError(
            _("There is no role “%(role)s”. Choose one of: %(roles)s."),
            params={"role": role, "roles": ", ".join(ROLES)},
        )
    Membership.objects.get_or_create(user=user, group=Group.objects.get(name=role))


def demo_sign_ins() -> list[tuple[str, str, str]]:
    """Return (role, e-mail, password) of the one person a role that a local desk begins with."""
    return [(role, f"{role.lower().replace(' ', '-')}@example.com", DEMO_PASSWORD) for role in ROLES]


@transaction.atomic
def create_demo_users() -> list[tuple[str, str, str]]:
    """Create one person for each role, for a local desk; return how they sign in."""
    for role, email, password in demo_sign_ins():
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, password, name=role)
        grant_role(user=user, role=role)
    return demo_sign_ins()


@service
def set_password(*, user: User, password: str, reason: str = "") -> None:
    """Give `user` a new password; the old one, and whoever is signed in with it, is out."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password", "password_changed_at"])


def token_digest(secret: str) -> str:
    """Return what is kept of a token: it is random and long, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue_token(
    *, owner: User, name: str, scopes: Collection[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Create a token; return it and its secret, which cannot be shown again."""
    unknown = sorted(set(scopes) - set(ApiToken.Scope.values))
    if unknown or not scopes:
        raise ValidationError(
            _("A token opens at least one of: %(scopes)s."), params={"scopes": ", ".join(ApiToken.Scope.values)}
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError(_("The token would have expired already. Choose a later time."))
    secret = TOKEN_LEAD + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        scopes=sorted(scopes),
        expires_at=expires_at,
        prefix=secret[:12],
        digest=token_digest(secret),
    )
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken) -> None:
    """Close `token` for good; it stays listed."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
