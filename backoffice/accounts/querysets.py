"""Questions asked of users and tokens."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Q

from backoffice.accounts.roles import ADMINISTRATOR


class UserQuerySet(models.QuerySet[Any]):
    """People who may sign in."""

    def active(self) -> "UserQuerySet":
        """Those who may sign in now."""
        return self.filter(is_active=True)

    def with_role(self, name: str) -> "UserQuerySet":
        """Those who hold the role called `name`."""
        return self.filter(groups__name=name)

    def administrators(self) -> "UserQuerySet":
        """Those who look after the desk."""
        return self.active().filter(Q(groups__name=ADMINISTRATOR) | Q(is_superuser=True)).distinct()

    def for_changelist(self) -> "UserQuerySet":
        """All that the list shows: the roles come in one query more."""
        return self.prefetch_related("memberships__group")


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes users; e-mail addresses are kept in lower case, so that one person is one account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Any:
        """Create a user who signs in with `email`; without a password nobody can sign in as them."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Any:
        """Create a user who may do everything."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(email=(username or "").strip().lower())


class ApiTokenQuerySet(models.QuerySet[Any]):
    """Tokens of the JSON export."""

    def for_changelist(self) -> "ApiTokenQuerySet":
        """All that the list shows."""
        return self.select_related("owner")

    def usable(self, *, at: datetime) -> "ApiTokenQuerySet":
        """Those that open something at the instant `at`: not revoked, not expired, owner active."""
        return self.filter(revoked_at=None, owner__is_active=True).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=at)
        )
