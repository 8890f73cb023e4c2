"""Rows as they were at a moment: read from the history, page by page, in queries whose cost does not grow.

The index on (object, version) is read backwards, newest objects first: of each the newest version at the moment, and
no other. Versions are told apart by their number, since two can have the same time. Related rows carry the names that
they have now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from backoffice.changes.diff import UNTOLD, history_of
from backoffice.changes.words import Words
from backoffice.spreadsheets.writers import Kind, SheetColumn

CHUNK = 2_000
CHILDREN = 200
SETS_OF_PARENT = 500

KINDS: list[tuple[type[Any], Kind]] = [
    (models.BooleanField, Kind.TEXT),
    (models.DecimalField, Kind.DECIMAL),
    (models.IntegerField, Kind.INTEGER),
    (models.DateTimeField, Kind.DATETIME),
    (models.DateField, Kind.DATE),
]


@dataclass(frozen=True)
class Asked:
    """Which rows are asked for: values that fields have, and what one of the codes or names begins with."""

    equal: dict[str, Any] = field(default_factory=dict)
    term: str = ""
    searched: Sequence[str] = ()


def shown_fields(model: Any) -> list[Any]:
    """Return the fields that are told of a row, its generated figures too, but no secrets and no bookkeeping."""
    kept_out = UNTOLD | set(model.history_excluded)
    return [each for each in model._meta.concrete_fields if not each.primary_key and each.name not in kept_out]


def listed_fields(model: Any, first: Sequence[str] = ()) -> list[Any]:
    """Return the fields that fit into a line of a list: those called `first` before the others."""
    long = models.TextField | models.JSONField
    fields = [each for each in shown_fields(model) if not isinstance(output_of(each), long)]
    return sorted(fields, key=lambda each: first.index(each.name) if each.name in first else len(first))


def is_figure(each: Any) -> bool:
    """Whether the values of a field stand under each other by their last digit."""
    return kind_of(each) in (Kind.DECIMAL, Kind.INTEGER)


def output_of(each: Any) -> Any:
    """Return the field that says what the values are."""
    return each.output_field if each.generated else each


def versions_at(model: Any, at: datetime, asked: Asked, *, below: Any = None, size: int) -> list[Any]:
    """Return up to `size` rows that there were at `at`, newest first, those with numbers under `below`."""
    key, quote = model._meta.pk, connection.ops.quote_name
    newest = history_of(model).filter(history_date__lte=at)
    if below is not None:
        newest = newest.filter(**{f"{key.attname}__lt": below})
    newest = newest.order_by(f"-{key.attname}", "-history_id").distinct(key.attname)
    inner, params = newest.query.sql_with_params()
    conditions, values = ["version.history_type <> '-'"], []
    for name, value in asked.equal.items():
        each = model._meta.get_field(name)
        conditions.append(f"version.{quote(each.column)} = %s")
        values.append(bool(value) if isinstance(each, models.BooleanField) else value)
    if asked.term:
        columns = [quote(model._meta.get_field(name).column) for name in asked.searched]
        conditions.append("(" + " OR ".join(f"starts_with(upper(version.{each}), upper(%s))" for each in columns) + ")")
        values += [asked.term] * len(columns)
    statement = f"SELECT * FROM ({inner}) AS version WHERE {' AND '.join(conditions)} LIMIT %s"
    return list(history_of(model).model.objects.raw(statement, [*params, *values, size]))


def all_versions_at(model: Any, at: datetime, asked: Asked) -> Iterator[Any]:
    """Yield the versions of all rows that there were at `at`, a chunk in memory at a time."""
    below = None
    while chunk := versions_at(model, at, asked, below=below, size=CHUNK):
        yield from chunk
        below = getattr(chunk[-1], model._meta.pk.attname)


def version_at(model: Any, pk: Any, at: datetime) -> Any:
    """Return the version of one row at `at`; None when it was not there."""
    rows = history_of(model).filter(**{model._meta.pk.attname: pk}, history_date__lte=at)
    newest = rows.select_related("change_set").order_by("-history_id").first()
    return None if newest is None or newest.history_type == "-" else newest


def children_at(child: Any, field_name: str, pk: Any, at: datetime) -> list[Any]:
    """Return the versions of the rows of `child` that belonged to a row at `at`.

    They are looked for among those that belong to it now, and those that were written together with it.
    """
    column = child._meta.get_field(field_name).attname
    owned = {column: pk}
    parent = child._meta.get_field(field_name).related_model
    sets = history_of(parent).filter(**{parent._meta.pk.attname: pk}, history_date__lte=at).order_by("-history_id")
    of_parent = list(sets.values_list("change_set_id", flat=True)[:SETS_OF_PARENT])
    now = child._base_manager.filter(**owned).order_by("-pk").values_list("pk", flat=True)[:CHILDREN]
    then = history_of(child).filter(change_set_id__in=of_parent, **owned).values_list("id", flat=True)
    found = {*now, *then.order_by("-id")[:CHILDREN]}
    newest = history_of(child).filter(id__in=found, history_date__lte=at).order_by("id", "-history_id").distinct("id")
    return [row for row in newest if row.history_type != "-" and getattr(row, column) == pk]


def told(versions: Sequence[Any], fields: Sequence[Any]) -> list[tuple[Any, list[str]]]:
    """Return each version with its values in words, with one query for each related model."""
    words = Words((each, getattr(version, each.attname)) for version in versions for each in fields)
    return [(version, [word_of(words, each, version) for each in fields]) for version in versions]


def word_of(words: Words, each: Any, version: Any) -> str:
    return words.of(output_of(each), getattr(version, each.attname))


def sheet_columns(fields: Sequence[Any]) -> list[SheetColumn]:
    """Return the columns of a file of `fields`."""
    return [SheetColumn(str(each.verbose_name).capitalize(), kind_of(each)) for each in fields]


def sheet_rows(versions: Iterator[Any], fields: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield the values of versions for a file: numbers and times as such, all else in words."""
    for chunk in batched(versions, CHUNK):
        for version, words in told(chunk, fields):
            yield [
                word if kind_of(each) is Kind.TEXT else getattr(version, each.attname)
                for each, word in zip(fields, words, strict=True)
            ]


def kind_of(each: Any) -> Kind:
    """Return what cells of a field hold."""
    output = output_of(each)
    if output.is_relation or output.choices:
        return Kind.TEXT
    return next((kind for sort, kind in KINDS if isinstance(output, sort)), Kind.TEXT)


def pruned_before(model: Any) -> datetime | None:
    """Return the time before which versions may have been deleted for their age; None when all are kept."""
    days = settings.HISTORY_KEEP_DAYS.get(model._meta.label_lower)
    return None if days is None else timezone.now() - timedelta(days=days)
