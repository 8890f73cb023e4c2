"""Some objects of a change set, to be undone without the others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count
from django.utils.translation import gettext as _

from backoffice.changes.diff import CHANGED, changed_models, history_of
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import RefusedError
from backoffice.changes.undo.references import CASCADES

# Primary keys by the label of their model; none chosen is all.
Only = Mapping[str, Sequence[Any]] | None
Chosen = dict[type[models.Model], list[Any]] | None


def read_only(named: Iterable[str]) -> Only:
    """Return the objects that are named, each as `app.model:key`; None when none is."""
    only: dict[str, list[str]] = {}
    for each in named:
        label, _colon, key = each.partition(":")
        only.setdefault(label, []).append(key)
    return only or None


def chosen_of(change_set: ChangeSet, only: Only) -> Chosen:
    """Return the chosen objects, with those that were made or deleted together with one that they belong to.

    Raises RefusedError for what the set did not write, and for rows that only an opposite row takes back: these go
    with the whole change.
    """
    if only is None:
        return None
    changed = {model._meta.label_lower: model for model in changed_models(change_set)}
    if not only or set(only) - set(changed):
        raise RefusedError(not_written(change_set))
    chosen = {changed[label]: asked_of(changed[label], change_set, keys) for label, keys in only.items()}
    new = chosen
    while new:
        found = [owned for model, keys in new.items() for owned in owned_by(change_set, model, keys)]
        new = {}
        for model, keys in found:
            more = sorted(set(keys) - set(chosen.get(model, [])))
            if more:
                new[model] = more
                chosen[model] = [*chosen.get(model, []), *more]
    return chosen


def models_in(change_set: ChangeSet, chosen: Chosen) -> list[type[models.Model]]:
    """Return the models whose rows are to be undone, in the order of the installed apps."""
    return [model for model in changed_models(change_set) if chosen is None or model in chosen]


def keys_in(chosen: Chosen, model: type[models.Model]) -> list[Any] | None:
    """Return the chosen keys of a model; None when none were chosen at all."""
    return None if chosen is None else chosen[model]


def leaves_some(change_set: ChangeSet, chosen: Chosen) -> bool:
    """Whether the set wrote objects that are not chosen."""
    if chosen is None:
        return False
    written = sum(number_written(model, change_set) for model in changed_models(change_set))
    return written > sum(len(keys) for keys in chosen.values())


def number_written(model: type[models.Model], change_set: ChangeSet) -> int:
    found = history_of(model).filter(change_set=change_set).aggregate(n=Count(model._meta.pk.attname, distinct=True))
    return int(found["n"])


def asked_of(model: Any, change_set: ChangeSet, keys: Sequence[Any]) -> list[Any]:
    """Return the keys, as the model has them, if the set wrote all of them."""
    if model.undo_rules.compensate:
        sentence = _("%(what)s are taken back by opposite ones, and only with the whole change.")
        raise RefusedError(sentence % {"what": str(model._meta.verbose_name_plural).capitalize()})
    key = model._meta.pk
    try:
        asked = {key.to_python(each) for each in keys}
    except ValidationError as error:
        raise RefusedError(not_written(change_set)) from error
    written = history_of(model).filter(change_set=change_set, **{f"{key.attname}__in": asked})
    if asked - set(written.values_list(key.attname, flat=True)):
        raise RefusedError(not_written(change_set))
    return sorted(asked)


def not_written(change_set: ChangeSet) -> str:
    return _("Change %(number)s did not write all that was chosen. Choose from its page.") % {"number": change_set.pk}


def owned_by(
    change_set: ChangeSet, owner: type[models.Model], keys: list[Any]
) -> list[tuple[type[models.Model], list[Any]]]:
    """Return the rows of the set that belong to those of `keys` that the set made or deleted."""
    key = owner._meta.pk.attname
    versions = history_of(owner).filter(change_set=change_set, **{f"{key}__in": keys}).exclude(history_type=CHANGED)
    moved = set(versions.values_list(key, flat=True))
    owned = []
    for model in changed_models(change_set) if moved else []:
        fields: list[Any] = [field for field in model._meta.concrete_fields if field.related_model is owner]
        for field in fields:
            if field.remote_field.on_delete not in CASCADES:
                continue
            rows = history_of(model).filter(change_set=change_set, **{f"{field.attname}__in": moved})
            owned.append((model, list(rows.values_list(model._meta.pk.attname, flat=True))))
    return owned
