"""Questions asked of change sets."""

from typing import Any

from django.db import models


class ChangeSetQuerySet(models.QuerySet[Any]):
    """Change sets, newest first."""

    def by(self, user: Any) -> "ChangeSetQuerySet":
        """Those made by `user`."""
        return self.filter(actor=user)

    def for_changelist(self) -> "ChangeSetQuerySet":
        """All that the list shows."""
        return self.select_related("actor")
