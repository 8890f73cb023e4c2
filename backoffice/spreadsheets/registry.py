"""Which spreadsheets there are: named in the setting SPREADSHEET_RESOURCES, so that this layer imports no app."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from backoffice.spreadsheets.resources import SheetResource


class UnknownResource(ValidationError):
    """There is no spreadsheet of that name. The message lists those that there are."""


def resource_names() -> list[str]:
    """Return the names of all kinds of spreadsheet."""
    return list(settings.SPREADSHEET_RESOURCES)


def get_resource(name: str, *, key: str = "") -> SheetResource:
    """Return the resource called `name`, whose rows are found by `key`, or by their usual one.

    Raises UnknownResource, and ValidationError for a key that finds none of its rows.
    """
    if name not in settings.SPREADSHEET_RESOURCES:
        raise UnknownResource(
            _("There is no spreadsheet “%(name)s”. There are: %(known)s.")
            % {"name": name, "known": ", ".join(resource_names())}
        )
    resource: SheetResource = import_string(settings.SPREADSHEET_RESOURCES[name])()
    resource.slug = name
    resource.match_by(key)
    return resource
