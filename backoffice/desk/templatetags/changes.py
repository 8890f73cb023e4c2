"""What the pages about changes ask of a preview."""

from typing import Any

from django.template import Library

register = Library()


@register.filter
def plural_name(model: Any) -> str:
    """Return what rows of a model are called."""
    return str(model._meta.verbose_name_plural)


@register.filter
def sum_of(preview: Any, name: str) -> int:
    """Return a figure of a preview over all models."""
    return int(preview.total(name))
