"""Form fields of admins and inlines."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpRequest
from unfold import widgets

from backoffice.desk.forms import AmountInput, DayInput, RelatedSelect

OVERRIDES: dict[Any, Any] = {
    ArrayField: {"widget": widgets.UnfoldAdminTextInputWidget},
    models.DecimalField: {"widget": AmountInput},
    models.DateField: {"widget": DayInput},
}


def columns_changed(row: models.Model, names: Iterable[str]) -> list[str]:
    """Return those of the form fields `names` that are stored in the row itself."""
    stored = {field.name for field in row._meta.concrete_fields}
    return [name for name in names if name in stored]


class AutocompleteMixin:
    """Related rows are found by typing: no field of a form lists a whole table."""

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        named = list(super().get_autocomplete_fields(request))  # type: ignore[misc]
        registered = self.admin_site._registry  # type: ignore[attr-defined]
        related = [f for f in self.opts.get_fields() if f.concrete and f.is_relation]  # type: ignore[attr-defined]
        return named + [
            f.name for f in related if f.related_model in registered and registered[f.related_model].search_fields
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", RelatedSelect(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
