"""How an app says what of it leaves as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import models


@dataclass(frozen=True)
class Nested:
    """Rows that belong to the exported one, as a list in it; `link` is their foreign key to it."""

    model: str
    link: str
    fields: Mapping[str, str]
    order_by: tuple[str, ...] = ("pk",)


@dataclass(frozen=True)
class Export:
    """One collection at `/export/v1/<name>.json`, for tokens of `scope` whose owner holds all `permissions`.

    `fields` maps the names that readers see to the paths of model fields. Those in `personal` are left out
    unless the owner also holds `personal_permission`. The model has `updated_at`, which every change moves.
    """

    name: str
    model: str
    scope: str
    permissions: tuple[str, ...]
    fields: Mapping[str, str]
    nested: Mapping[str, Nested] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    personal_permission: str = ""

    @cached_property
    def model_class(self) -> type[models.Model]:
        """The model that the rows are read from."""
        return apps.get_model(self.model)

    @property
    def field_names(self) -> list[str]:
        """Everything a reader may ask for, in order."""
        return [*self.fields, *self.nested]

    def fields_for(self, owner: Any) -> list[str]:
        """What a token of `owner` may read."""
        if not self.personal or owner.has_perm(self.personal_permission):
            return self.field_names
        return [name for name in self.field_names if name not in self.personal]
