"""django-simple-history's models and pages, with the rows written by triggers instead of signals."""

from typing import Any

from django.db import models
from django.db.models.fields import NOT_PROVIDED
from simple_history.models import HistoricalRecords

from backoffice.changes.triggers import APPEND_ONLY


class HistoricalVersion(models.Model):
    """What every history row has besides the columns of its model."""

    change_set = models.ForeignKey(
        "changes.ChangeSet", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", null=False
    )

    class Meta:
        abstract = True


class TriggeredHistory(HistoricalRecords):
    """History whose rows the database writes: complete for every way of writing, none for unchanged rows."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("bases", (HistoricalVersion,))
        options.setdefault("history_id_field", models.BigAutoField())
        options.setdefault("user_db_constraint", False)
        super().__init__(**options)

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        if sender._meta.abstract or not issubclass(sender, self.cls):
            return
        self.excluded_fields = list(sender.history_excluded)  # type: ignore[attr-defined]
        super().finalize(sender, **kwargs)
        for signal, receiver in (
            (models.signals.post_save, self.post_save),
            (models.signals.post_delete, self.post_delete),
            (models.signals.pre_delete, self.pre_delete),
        ):
            signal.disconnect(receiver, sender=sender)

    def copy_fields(self, model: type[models.Model]) -> dict[str, Any]:
        """Copy the fields without their indexes: one on (object, version) and one on the change set serve all."""
        fields: dict[str, Any] = super().copy_fields(model)
        for field in fields.values():
            field.db_index = False
            field.db_default = NOT_PROVIDED
        return fields

    def get_extra_fields(self, model: type[models.Model], fields: dict[str, Any]) -> dict[str, Any]:
        extra: dict[str, Any] = super().get_extra_fields(model, fields)
        extra["history_user"].db_index = False
        return extra

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        options: dict[str, Any] = super().get_meta_options(model)
        table = f"{model._meta.app_label}_{model._meta.model_name}"
        return options | {
            "ordering": ("-history_id",),
            "get_latest_by": "history_id",
            "default_permissions": (),
            "indexes": [models.Index(fields=[model._meta.pk.name, "history_id"], name=f"{table[:22]}_version")],
            "triggers": list(APPEND_ONLY),
        }
