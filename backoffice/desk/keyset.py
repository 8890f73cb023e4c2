"""Pages by key: the next page begins after the last row seen, so every page costs the same at any depth."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import GreaterThan, LessThan


class BadCursor(ValueError):
    """The position in the address is no position in this list."""


class Row(Func):
    """SQL row value, so that two columns are compared as one key and an index on both serves it."""

    template = "(%(expressions)s)"
    output_field = models.TextField()


@dataclass(frozen=True)
class Sort:
    """One column and the primary key behind it, both in the same direction, as indexes have them."""

    field: Any
    path: str
    descending: bool

    @property
    def by_key_alone(self) -> bool:
        return self.path == "pk"

    @property
    def nullable(self) -> bool:
        return not self.by_key_alone and (self.field.null or "__" in self.path)

    def order_by(self, *, backwards: bool = False) -> list[str]:
        """Return what the query sorts by, in the reading direction."""
        lead = "-" if self.descending != backwards else ""
        return [f"{lead}pk"] if self.by_key_alone else [f"{lead}{self.path}", f"{lead}pk"]


@dataclass(frozen=True)
class Cursor:
    """A place between two rows. `key` is the row it touches, none at the ends; `passed` are the rows before it."""

    backwards: bool = False
    key: tuple[Any, Any] | None = None
    passed: int | None = 0

    def encoded(self) -> str:
        """Return the text that stands in the address."""
        value, pk = self.key or (None, None)
        text = json.dumps([self.passed, None if value is None else str(value), str(pk)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(text: str, sort: Sort, *, backwards: bool) -> Cursor:
    """Return the place that `text` names in a list sorted by `sort`."""
    try:
        passed, value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        key = (None if value is None else sort.field.to_python(value), sort.field.model._meta.pk.to_python(pk))
    except (ValueError, TypeError, binascii.Error, ValidationError) as error:
        raise BadCursor(text) from error
    if key[1] is None or not isinstance(passed, int | None):
        raise BadCursor(text)
    return Cursor(backwards, key, passed)


@dataclass(frozen=True)
class Page:
    """The keys of one page, in the order of the list, and what lies around them."""

    keys: list[tuple[Any, Any]]
    has_previous: bool
    has_next: bool
    passed: int | None

    @property
    def pks(self) -> list[Any]:
        return [pk for _value, pk in self.keys]

    @property
    def next_cursor(self) -> Cursor:
        passed = None if self.passed is None else self.passed + len(self.keys)
        return Cursor(backwards=False, key=self.keys[-1], passed=passed)

    @property
    def previous_cursor(self) -> Cursor:
        return Cursor(backwards=True, key=self.keys[0], passed=self.passed)


def read_page(queryset: models.QuerySet, sort: Sort, cursor: Cursor, size: int) -> Page:
    """Read the keys of the page at `cursor`; a page that would begin before the first row becomes the first page."""
    keys = read_keys(queryset, sort, cursor, size + 1)
    more = len(keys) > size
    keys = keys[:size]
    if not cursor.backwards:
        return Page(keys, cursor.key is not None, more, cursor.passed)
    if not more and cursor.key is not None:
        return read_page(queryset, sort, Cursor(), size)
    passed = cursor.passed - len(keys) if cursor.passed else None
    return Page(keys[::-1], more, cursor.key is not None, passed if more else 0)


def read_keys(queryset: models.QuerySet, sort: Sort, cursor: Cursor, size: int) -> list[tuple[Any, Any]]:
    """Read up to `size` keys beyond `cursor`, in reading direction; PostgreSQL's place for nulls is kept."""
    ordered = queryset.order_by(*sort.order_by(backwards=cursor.backwards)).values_list(sort.path, "pk")
    keys: list[tuple[Any, Any]] = []
    for stretch in stretches(sort, cursor):
        keys += ordered.filter(stretch)[: size - len(keys)]
        if len(keys) >= size:
            break
    return keys


def stretches(sort: Sort, cursor: Cursor) -> list[Any]:
    """Return the conditions that, read one after the other, walk the list from `cursor` to its end."""
    descending = sort.descending != cursor.backwards
    if not sort.nullable:
        return [beyond(sort, cursor, descending=descending)]
    valued = Q((f"{sort.path}__isnull", False))
    empty = Q((f"{sort.path}__isnull", True))
    if cursor.key is None:
        return [empty, valued] if descending else [valued, empty]
    here = beyond(sort, cursor, descending=descending)
    if cursor.key[0] is None:
        return [empty & here, valued] if descending else [empty & here]
    return [valued & here] if descending else [valued & here, empty]


def beyond(sort: Sort, cursor: Cursor, *, descending: bool) -> Q:
    """Return the condition of lying beyond the row that `cursor` touches, among rows of its stretch."""
    if cursor.key is None:
        return Q()
    value, pk = cursor.key
    if sort.by_key_alone or value is None:
        return Q(pk__lt=pk) if descending else Q(pk__gt=pk)
    lookup = LessThan if descending else GreaterThan
    return Q(lookup(Row(F(sort.path), F("pk")), Row(Value(value, output_field=sort.field), Value(pk))))
