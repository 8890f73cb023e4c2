"""Questions asked of change sets."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery
from django.utils import timezone

DELETED = Func(
    F("counts"),
    template="(%(expressions)s @? '$.*.\"-\"')",
    output_field=models.BooleanField(),
)


class ChangeSetQuerySet(models.QuerySet[Any]):
    """Change sets, newest first."""

    def by(self, user: Any) -> "ChangeSetQuerySet":
        """Those made by `user`."""
        return self.filter(actor=user)

    def today(self) -> "ChangeSetQuerySet":
        """Those since midnight."""
        return self.filter(started_at__gte=_midnight())

    def this_week(self) -> "ChangeSetQuerySet":
        """Those since Monday."""
        return self.filter(started_at__gte=_midnight() - timedelta(days=timezone.localdate().weekday()))

    def deleting(self) -> "ChangeSetQuerySet":
        """Those that deleted something."""
        return self.filter(DELETED)

    def writing(self, label: str, field: str = "") -> "ChangeSetQuerySet":
        """Those that wrote rows of the model `label`, or changed this field of one."""
        sets = self.filter(counts__has_key=label)
        if not field:
            return sets
        history = apps.get_model(label).history.model._base_manager
        key = apps.get_model(label)._meta.pk.attname
        older = history.filter(**{key: OuterRef(key)}, history_id__lt=OuterRef("history_id")).order_by("-history_id")
        versions = history.filter(change_set=OuterRef("pk"), history_type="~").annotate(
            was=Subquery(older.values(field)[:1])
        )
        differs = ~Q(**{field: F("was")}) | Q(**{f"{field}__isnull": True, "was__isnull": False})
        return sets.filter(Exists(versions.filter(differs)))

    def for_changelist(self) -> "ChangeSetQuerySet":
        """All that the list shows; `undone` says whether an undo is in force (of undos of undos, the first two), and
        `undone_whole` whether one left nothing."""
        undos = self.undos_of(OuterRef("pk"))
        return self.select_related("actor").annotate(
            undone=Exists(undos), undone_whole=Exists(undos.filter(partly=False))
        )

    def undos_of(self, change_set: Any) -> "ChangeSetQuerySet":
        """Undos in force of `change_set`, a number or a reference to one."""
        again = self.model._base_manager.filter(undo_of=OuterRef("pk"))
        undos: ChangeSetQuerySet = self.model._base_manager.filter(~Exists(again), undo_of=change_set)
        return undos


def _midnight() -> Any:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
