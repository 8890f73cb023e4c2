"""The badge in the header: nobody should take a trial desk for the real one, or the other way round."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _


def environment(request: HttpRequest) -> list[Any]:
    """Return the badge's words and its colour: red is the real thing."""
    badges = {
        "local": [_("Local"), "info"],
        "staging": [_("Staging"), "warning"],
        "production": [_("Production"), "danger"],
    }
    return badges.get(settings.ENVIRONMENT, [settings.ENVIRONMENT, "info"])
