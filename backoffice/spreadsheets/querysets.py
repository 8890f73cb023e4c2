"""Questions asked of imports."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef

from backoffice.changes.models import ChangeSet
from backoffice.jobs.plans import PlanQuerySet


class ImportJobQuerySet(models.QuerySet[Any]):
    """Imports, newest first."""

    def visible_to(self, user: Any) -> "ImportJobQuerySet":
        """Those that `user` may see: their own, and all for those who may change imports."""
        return self.all() if user.has_perm("spreadsheets.change_importjob") else self.filter(owner=user)

    def waiting(self) -> "ImportJobQuerySet":
        """Those that wait for a person: uploaded or checked, neither applied nor discarded."""
        return self.filter(state__in=["uploaded", "checked"])

    def for_approval(self) -> "ImportJobQuerySet":
        """Those whose owner asked a manager to approve them."""
        return self.filter(state="checked", approval_asked_at__isnull=False)

    def understood_like(self, *, resource: str, headers: list[str]) -> "ImportJobQuerySet":
        """Those checked from a file of the same kind with just these columns, newest first."""
        return self.filter(checked_at__isnull=False, resource=resource, detected__headers=headers).order_by("-pk")

    def applied(self) -> "ImportJobQuerySet":
        """Those that wrote what they were to write."""
        return self.filter(state="applied")

    def with_undone(self) -> "ImportJobQuerySet":
        """Each with `undone`: whether all that it wrote was taken back. Redone, it is applied again."""
        return self.annotate(undone=Exists(ChangeSet.objects.undos_of(OuterRef("change_set")).filter(partly=False)))

    def in_shown_state(self, state: str) -> "ImportJobQuerySet":
        """Those whose badge says `state`; undone ones were applied."""
        if state not in ("applied", "undone"):
            return self.filter(state=state)
        return self.with_undone().filter(state="applied", undone=state == "undone")

    def forgotten(self, *, before: datetime) -> "ImportJobQuerySet":
        """Those that wait since before the instant `before`."""
        return self.waiting().filter(created_at__lt=before)

    def with_tables(self, *, since: datetime) -> "ImportJobQuerySet":
        """Those whose staging tables are needed: they wait, or left refused rows behind since the instant `since`."""
        return self.waiting() | self.filter(state="applied", refused__gt=0, finished_at__gte=since)

    def for_changelist(self) -> "ImportJobQuerySet":
        """All that the list shows, in one query."""
        unseen = ("problems", "problem_groups", "samples", "conflicts")
        return self.with_undone().select_related("owner", "change_set").defer(*unseen)


class ImportProfileQuerySet(models.QuerySet[Any]):
    """Profiles, by kind and name."""

    def called(self, name: str, *, resource: str) -> "ImportProfileQuerySet":
        """The one of this name, whatever its case."""
        return self.filter(resource=resource, name__iexact=name.strip())

    def made_for(self, headers: list[str], *, resource: str) -> "ImportProfileQuerySet":
        """Those saved from a file with just these columns, in any order; the newest first."""
        same = self.filter(resource=resource, headers__contains=headers, headers__contained_by=headers)
        return same.order_by("-updated_at", "-pk")

    def watching(self) -> "ImportProfileQuerySet":
        """Those that take the files of a folder."""
        return self.exclude(folder="").select_related("owner").order_by("folder")

    def mailed(self) -> "ImportProfileQuerySet":
        """Those that take files which come by mail."""
        return self.exclude(mail_from="").select_related("owner").order_by("pk")

    def for_changelist(self) -> "ImportProfileQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("owner")


class ExportTemplateQuerySet(models.QuerySet[Any]):
    """Exports to be had again."""

    def visible_to(self, user: Any) -> "ExportTemplateQuerySet":
        """Those that `user` may use: their own, and the shared ones."""
        return self.filter(models.Q(owner=user) | models.Q(shared=True))

    def for_changelist(self) -> "ExportTemplateQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("owner")


class ExportScheduleQuerySet(PlanQuerySet):
    """Exports that run by themselves."""

    def for_changelist(self) -> PlanQuerySet:
        """All that the list shows, in one query."""
        return super().for_changelist().select_related("template")


class ExportFileQuerySet(models.QuerySet[Any]):
    """Exports, newest first, and the files they left."""

    def visible_to(self, user: Any) -> "ExportFileQuerySet":
        """Those that `user` may see listed: theirs, and all for those who look after what leaves the desk."""
        return self if user.has_perm("spreadsheets.audit_exportfile") else self.of(user)

    def of(self, user: Any) -> "ExportFileQuerySet":
        """Those that `user` made, and those that are sent to them."""
        return self.filter(models.Q(owner=user) | models.Q(schedule__recipients__contains=[user.email]))

    def outdated(self, *, at: datetime) -> "ExportFileQuerySet":
        """Those whose file is kept no longer at the instant `at`, and is still there."""
        return self.filter(expires_at__lte=at).exclude(file="")

    def for_changelist(self) -> "ExportFileQuerySet":
        """All that the list shows, in one query."""
        return self.select_related("owner", "template", "schedule").defer("keys")
