"""Questions asked of customers."""

from typing import Any

from django.db import models
from django.db.models.functions import Upper


class CustomerQuerySet(models.QuerySet[Any]):
    """People and companies that buy."""

    def current(self) -> "CustomerQuerySet":
        """Those not archived."""
        return self.filter(archived_at=None)

    def locked(self) -> "CustomerQuerySet":
        """These rows, locked until the transaction ends, in primary-key order so that no two lockers deadlock."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def with_email(self, email: str) -> "CustomerQuerySet":
        """The customer with this address, whatever its case, served by the unique index."""
        return self.alias(upper_email=Upper("email")).filter(upper_email=email.strip().upper()).exclude(email="")

    def for_changelist(self) -> "CustomerQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("figures")
