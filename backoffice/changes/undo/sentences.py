"""Why the database would refuse a row, in the words of the model. All are templates: a per cent sign is doubled."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from backoffice.changes.undo.shapes import Unique


def escaped(text: Any) -> str:
    """Return `text` as a template that yields it."""
    return str(text).replace("%", "%%")


def empty_sentence(field: Any) -> str:
    """Return why a row that once was without `field` cannot come back."""
    return _("“%(field)s” was empty then, and may not be empty now.") % {"field": escaped(field.verbose_name)}


def check_sentence(model: type[models.Model], name: str) -> str:
    """Return what a CHECK constraint demands."""
    message = _constraint_message(model, name)
    return message or _("The rule “%(rule)s” forbids it.") % {"rule": escaped(name)}


def unique_sentence(model: type[models.Model], unique: Unique) -> str:
    """Return who holds the key, and what that means."""
    message = _constraint_message(model, unique.name) or _field_message(model, unique)
    return _("%(message)s It is %(other)s now.") % {"message": message, "other": "%(other)s"}


def constraint_sentence(models_: list[type[models.Model]], name: str) -> str:
    """Return the sentence of a constraint that is known by its name alone."""
    messages = (_constraint_message(model, name) for model in models_)
    return next((message for message in messages if message), "")


def _constraint_message(model: type[models.Model], name: str) -> str:
    found = next((constraint for constraint in model._meta.constraints if constraint.name == name), None)
    return escaped(found.violation_error_message) if found is not None else ""


def _field_message(model: type[models.Model], unique: Unique) -> str:
    names = {"model_name": model._meta.verbose_name, "date_field_label": "", "lookup_type": ""}
    field = next((field for field in model._meta.concrete_fields if unique.keys == (field.column,)), None)
    if field is None:
        return _("Another %(what)s has the same values.") % {"what": escaped(names["model_name"])}
    return escaped(str(field.error_messages["unique"]) % (names | {"field_label": field.verbose_name}))
