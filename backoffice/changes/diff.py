"""What changed: versions of objects, each field with its value before and after.

Values are raw, as the history rows hold them; `Words` turns them into what a person reads, with one query for each
related model, however many changes there are. Fields that nobody sets (generated ones, `created_at`, `updated_at`) and
fields kept out of the history are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from backoffice.changes.models import ChangeSet
from backoffice.changes.naming import labels_of

CREATED, CHANGED, DELETED, PASSING = "+", "~", "-", "="
UNTOLD = frozenset({"created_at", "updated_at"})
PAGE_SIZE = 100
LOOKED_AT = 200

# The page of objects comes first; the version before is then looked up for these alone, in the index on
# (object, version).
PAGE_OF_SET = """
    SELECT page.key, page.latest, (
        SELECT max(older.history_id) FROM {history} AS older
        WHERE older.{key} = page.key AND older.history_id < page.earliest
    )
    FROM (
        SELECT {key} AS key, min(history_id) AS earliest, max(history_id) AS latest
        FROM {history} WHERE change_set_id = %s AND {key} > %s
        GROUP BY {key} ORDER BY {key} LIMIT %s
    ) AS page
    ORDER BY page.key
"""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, with its value before and after; the value is empty (None) where the object was not there."""

    field: Any
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What became of one object: created `+`, changed `~`, deleted `-`, or `=` (created and deleted in one set)."""

    model: type[models.Model]
    pk: Any
    label: str
    kind: str
    fields: tuple[FieldChange, ...]
    version: Any
    """The history row after the change: when, by whom, of which change set (`version.change_set`); None if planned."""


def told_fields(model: type[models.Model]) -> list[Any]:
    """Return the fields of `model` whose values a difference shows."""
    excluded = UNTOLD | set(model.history_excluded)  # type: ignore[attr-defined]
    return [
        field
        for field in model._meta.concrete_fields
        if not field.generated and not field.primary_key and field.name not in excluded
    ]


def history_of(model: type[models.Model]) -> Any:
    """Return all history rows of `model`, whatever managers it has."""
    return model.history.model._base_manager.all()  # type: ignore[attr-defined]


def object_changes(
    model: type[models.Model], pk: Any, *, before: int | None = None, size: int = PAGE_SIZE
) -> list[ObjectChange]:
    """Return up to `size` changes of one object, newest first, each with its change set.

    For the next page pass the `history_id` of the last version as `before`. Two queries, and those of the label.
    """
    rows = history_of(model).filter(**{model._meta.pk.attname: pk}).order_by("-history_id")
    if before is not None:
        rows = rows.filter(history_id__lt=before)
    versions = list(rows.select_related("change_set__actor")[: size + 1])
    label = labels_of(model, [pk]).get(pk, "")
    pairs = zip(versions, [*versions[1:], None], strict=False)
    return [_change(model, pk, label, older, version) for version, older in list(pairs)[:size]]


def newest_changes(model: type[models.Model], pk: Any, version: Any) -> dict[str, Any]:
    """Return, by field, the newest history row of an object after `version` that changed it."""
    newest: dict[str, Any] = {}
    for change in object_changes(model, pk, size=LOOKED_AT):
        if change.version.history_id <= version.history_id:
            break
        for each in change.fields:
            newest.setdefault(each.field.name, change.version)
    return newest


def changed_models(change_set: ChangeSet) -> list[type[models.Model]]:
    """Return the models that `change_set` wrote to, in the order of the installed apps."""
    named = set(change_set.counts)
    return [model for model in apps.get_models() if model._meta.label_lower in named]


def set_changes(
    change_set: ChangeSet, model: type[models.Model], *, after: Any = 0, size: int = PAGE_SIZE
) -> list[ObjectChange]:
    """Return up to `size` objects of `model` that `change_set` changed, by primary key, old and new of the whole set.

    An object that the set changed several times is told once, from before the first change to after the last. For
    the next page pass the primary key of the last object as `after`.
    """
    statement = PAGE_OF_SET.format(
        history=connection.ops.quote_name(history_of(model).model._meta.db_table),
        key=connection.ops.quote_name(str(model._meta.pk.column)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [change_set.pk, after, size])
        page = cursor.fetchall()
    wanted = [version for row in page for version in row[1:] if version is not None]
    rows = {row.history_id: row for row in history_of(model).filter(history_id__in=wanted)}
    labels = labels_of(model, [pk for pk, *_versions in page])
    return [
        _change(model, pk, labels.get(pk, ""), rows.get(earlier), rows[latest], whole_set=True)
        for pk, latest, earlier in page
    ]


def planned_change(model: type[models.Model], pk: Any, label: str, now: Any, then: Any) -> ObjectChange:
    """Return what would become of an object that is `now`, or is not there (None), and would be `then`."""
    return ObjectChange(model, pk, label, _kind(now, then), _fields(model, now, then), None)


def all_set_changes(change_set: ChangeSet, *, size: int = 2000) -> Iterator[ObjectChange]:
    """Yield every object that `change_set` changed, model by model, in pages of `size`: for exports."""
    for model in changed_models(change_set):
        after: Any = 0
        while page := set_changes(change_set, model, after=after, size=size):
            yield from page
            after = page[-1].pk


def _change(
    model: type[models.Model], pk: Any, label: str, older: Any, version: Any, *, whole_set: bool = False
) -> ObjectChange:
    """Return the change from one history row to another; a deletion holds what the row was, so it comes last."""
    before = None if older is None or older.history_type == DELETED else older
    if not whole_set and version.history_type == CREATED:
        before = None
    after = None if version.history_type == DELETED else version
    if not whole_set and after is None:
        before = version
    return ObjectChange(model, pk, label, _kind(before, after), _fields(model, before, after), version)


def _kind(before: Any, after: Any) -> str:
    if before is None:
        return PASSING if after is None else CREATED
    return DELETED if after is None else CHANGED


def _fields(model: type[models.Model], before: Any, after: Any) -> tuple[FieldChange, ...]:
    changes = (
        FieldChange(field, getattr(before, field.attname, None), getattr(after, field.attname, None))
        for field in told_fields(model)
    )
    return tuple(change for change in changes if change.old != change.new)
