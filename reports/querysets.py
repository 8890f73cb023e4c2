"""Questions asked of report runs."""

from datetime import datetime
from typing import Any

from django.db import models


class ReportRunQuerySet(models.QuerySet[Any]):
    """Runs of reports, and the files they left."""

    def succeeded(self) -> "ReportRunQuerySet":
        """Those that have figures."""
        return self.filter(state="succeeded")

    def failed(self) -> "ReportRunQuerySet":
        """Those that left no file."""
        return self.filter(state="failed")

    def visible_to(self, user: Any) -> "ReportRunQuerySet":
        """Those whose files `user` may open: their own, or all with the permission to open those of others."""
        if user.has_perm("reports.download_any_reportrun"):
            return self
        return self.filter(requested_by=user)

    def outdated(self, *, at: datetime) -> "ReportRunQuerySet":
        """Those whose file is kept no longer at the instant `at`, and is still there."""
        return self.filter(expires_at__lte=at).exclude(file="")

    def before(self, run: Any) -> "ReportRunQuerySet":
        """Earlier runs of the same report, newest first."""
        return self.succeeded().filter(report=run.report, pk__lt=run.pk).order_by("-pk")

    def for_changelist(self) -> "ReportRunQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("requested_by", "schedule")
