"""The names of objects, also of those that are gone, many at a time."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Max


def labels_of(model: type[models.Model], pks: Collection[Any]) -> dict[Any, str]:
    """Return the name of each object: as it is called now, or was when it was deleted.

    A few queries however many objects; an object that never was is left out.
    """
    wanted = set(pks) - {None}
    if not wanted:
        return {}
    living = model._base_manager.filter(pk__in=wanted).fetch_mode(models.FETCH_PEERS)
    names = {row.pk: str(row) for row in living}
    gone = wanted - names.keys()
    return names | (_labels_of_gone(model, gone) if gone and hasattr(model, "history") else {})


def _labels_of_gone(model: type[models.Model], pks: Collection[Any]) -> dict[Any, str]:
    key = model._meta.pk.attname
    history = model.history.model._base_manager  # type: ignore[attr-defined]
    newest = history.filter(**{f"{key}__in": pks}).values(key).annotate(newest=Max("history_id")).values("newest")
    return {getattr(row, key): _label_of_gone(row) for row in history.filter(history_id__in=newest)}


def _label_of_gone(row: Any) -> str:
    """Name an object by its last version; what it takes its name from may be gone as well."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    model = row.instance_type
    names = {field.attname for field in model._meta.concrete_fields if not field.generated}
    try:
        return str(model(**{name: value for name, value in values.items() if name in names}))
    except ObjectDoesNotExist:
        return f"{model._meta.verbose_name} {values[model._meta.pk.attname]}"
