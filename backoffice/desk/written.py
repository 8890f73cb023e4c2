"""Change sets by what they wrote: rows of a model, or one field of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.admin import FieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.contrib.filters.forms import DropdownForm

from backoffice.changes.diff import told_fields
from backoffice.changes.models import TrackedModel
from backoffice.desk.filters import last_given

WRITTEN_VAR = "written"


def visible_models(user: Any) -> list[type[models.Model]]:
    """Return the tracked models whose rows `user` may see."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, TrackedModel) and user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    ]


def titles_of(user: Any) -> dict[str, str]:
    """Return what can be asked for: each model, and each of its fields, by `app.model` and `app.model.field`."""
    titles = {}
    for model in visible_models(user):
        label, name = model._meta.label_lower, capfirst(str(model._meta.verbose_name))
        titles[label] = capfirst(str(model._meta.verbose_name_plural))
        titles |= {f"{label}.{field.name}": f"{name}: {field.verbose_name}" for field in told_fields(model)}
    return titles


def field_titles(user: Any, watched: Mapping[str, Mapping[str, list[str]]]) -> list[tuple[str, str, str]]:
    """Return label, field and title of the fields that `watched` names and `user` may see."""
    titles = titles_of(user)
    named = [(label, field) for label, said in watched.items() for field in said.get("fields", [])]
    return [(label, field, titles[f"{label}.{field}"]) for label, field in named if f"{label}.{field}" in titles]


class WrittenFilter(FieldListFilter):
    """A model, or a field of one, that was written."""

    template = "unfold/filters/filters_field.html"
    form_class = DropdownForm

    def __init__(self, field: Any, request: HttpRequest, params: dict, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, params, *args, **kwargs)
        self.title = _("what")
        self.chosen = last_given(self.used_parameters, WRITTEN_VAR)
        self.titles = titles_of(request.user)
        if self.chosen and self.chosen not in self.titles:
            raise IncorrectLookupParameters(self.chosen)

    def expected_parameters(self) -> list[str | None]:
        return [WRITTEN_VAR]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        app, model, field = (*self.chosen.split("."), "")[:3] if self.chosen else ("", "", "")
        return queryset.writing(f"{app}.{model}", field) if app else queryset  # type: ignore[attr-defined]

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "form": self.form_class(
                label=capfirst(self.title),
                name=WRITTEN_VAR,
                choices=[("", _("All")), *self.titles.items()],
                data={WRITTEN_VAR: self.chosen},
            )
        }

    def chip(self) -> str:
        return self.titles.get(self.chosen, "")
