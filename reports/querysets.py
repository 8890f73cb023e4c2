"""Questions asked of report runs."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from backoffice.jobs.plans import PlanQuerySet


class ReportScheduleQuerySet(PlanQuerySet):
    """Reports that run by themselves."""

    def due(self, at: datetime) -> PlanQuerySet:
        """Those that colleagues planned and that want to run at the instant `at`; the others the code starts."""
        return super().due(at).filter(declared_in_code=False)


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
        return self.filter(Q(requested_by=user) | Q(schedule__recipients__contains=[user.email]))

    def outdated(self, *, at: datetime) -> "ReportRunQuerySet":
        """Those whose file is kept no longer at the instant `at`, and is still there."""
        return self.filter(expires_at__lte=at).exclude(file="")

    def before(self, run: Any) -> "ReportRunQuerySet":
        """Earlier runs of the same report with the same parameters, as they were asked, newest first."""
        asked = self.succeeded().filter(report=run.report, parameters=run.parameters)
        return asked.filter(pk__lt=run.pk).order_by("-pk")

    def kept(self) -> "ReportRunQuerySet":
        """Those whose file is not deleted."""
        return self.exclude(file="")

    def for_changelist(self) -> "ReportRunQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("requested_by", "schedule")
