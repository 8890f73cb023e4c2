"""Expressions with which PostgreSQL writes the JSON itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Aggregate, F, Func, JSONField, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThan

from backoffice.jsonexport.declarations import Export, Nested


class JsonObject(Func):
    """`json_build_object`: keys stay in the order given."""

    function = "json_build_object"
    output_field = JSONField()

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(*(part for name, value in members.items() for part in (Value(name), value)))


class JsonList(Aggregate):
    """`json_agg`, in the order given."""

    function = "json_agg"
    allow_order_by = True
    output_field = JSONField()


class ListOrEmpty(Func):
    """A list that is `[]` where there is nothing."""

    template = "coalesce(%(expressions)s, '[]'::json)"
    output_field = JSONField()


class AsText(Func):
    """JSON as PostgreSQL wrote it: Python passes it on, and never looks inside."""

    template = "(%(expressions)s)::text"
    output_field = TextField()


class Instant(Func):
    """A time as ISO 8601 in UTC, to the microsecond."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = TextField()


class Row(Func):
    """A row value: two of them compare as one key, which an index over both columns serves."""

    template = "ROW(%(expressions)s)"
    output_field = TextField()


def after(position: tuple[Any, int]) -> GreaterThan:
    """Return the condition of standing behind a (updated_at, id) in their order."""
    return GreaterThan(Row(F("updated_at"), F("pk")), Row(Value(position[0]), Value(position[1])))


def as_json(model: type[models.Model], path: str) -> Any:
    """Return the expression of a field: amounts are text with all their digits, times are in UTC."""
    target: Any = model
    for name in path.split("__"):
        field = target._meta.get_field(name)
        target = field.related_model
    kind = field.output_field if isinstance(field, models.GeneratedField) else field
    if isinstance(kind, models.DecimalField):
        return Cast(F(path), TextField())
    return Instant(F(path)) if isinstance(kind, models.DateTimeField) else F(path)


def row_as_json(export: Export, names: Iterable[str]) -> AsText:
    """Return the expression of a whole row with the fields `names`."""
    model = export.model_class
    members = {
        name: list_as_json(export.nested[name]) if name in export.nested else as_json(model, export.fields[name])
        for name in names
    }
    return AsText(JsonObject(members))


def list_as_json(nested: Nested) -> ListOrEmpty:
    """Return the expression of the rows that belong to the outer one, gathered by one subquery."""
    model = apps.get_model(nested.model)
    member = JsonObject({name: as_json(model, path) for name, path in nested.fields.items()})
    rows = model._base_manager.filter(**{nested.link: OuterRef("pk")}).order_by().values(nested.link)
    return ListOrEmpty(Subquery(rows.annotate(json=JsonList(member, order_by=nested.order_by)).values("json")))
