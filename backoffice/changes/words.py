"""Values of fields, as a person reads them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from backoffice.changes.naming import labels_of

EMPTY = "—"
LEAST_PLACES = 2


class Words:
    """Turns raw values into words: choices, related names, amounts, times, lists; "—" where there is nothing.

    A tracked model may have words of its own for a field, in `history_words`.

    `pairs` are all the (field, value) that will be asked for: related objects are named in bulk, one query a model.
    """

    def __init__(self, pairs: Iterable[tuple[Any, Any]] = ()) -> None:
        wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
        for field, value in pairs:
            if field.is_relation and value is not None:
                wanted[field.related_model].add(value)
        self._labels = {model: labels_of(model, pks) for model, pks in wanted.items()}

    @classmethod
    def for_changes(cls, changes: Iterable[Any]) -> "Words":
        """Return the words of these `diff.ObjectChange`."""
        return cls(
            (change.field, value) for each in changes for change in each.fields for value in (change.old, change.new)
        )

    def of(self, field: Any, value: Any) -> str:
        """Return `value` of `field` in words."""
        if value is None or value in ("", [], {}):
            return EMPTY
        # The output field of a generated column belongs to no model.
        own = getattr(getattr(field, "model", None), "history_words", {}).get(field.name)
        if own is not None:
            return str(own(value))
        if field.is_relation:
            return self._labels.get(field.related_model, {}).get(value) or f"#{value}"
        if isinstance(value, list | tuple) and hasattr(field, "base_field"):
            return ", ".join(self.of(field.base_field, item) for item in value)
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        return plain(value)


def plain(value: Any) -> str:
    """Return a value that stands for itself: amounts with their thousands set apart, times in the reader's zone."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        places = max(-int(value.normalize().as_tuple().exponent), LEAST_PLACES)
        return formats.number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True)
    if isinstance(value, int):
        return formats.number_format(value, use_l10n=True, force_grouping=True)
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return formats.date_format(value, "DATE_FORMAT")
    if isinstance(value, dict):
        return "\n".join(f"{str(name).replace('_', ' ')}: {inline(each)}" for name, each in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(inline(each) for each in value)
    return str(value)


def inline(value: Any) -> str:
    """Return a value within another one, on one line."""
    if value is None or value in ("", [], {}):
        return EMPTY
    return plain(value).replace("\n", "; ")
