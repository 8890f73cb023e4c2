"""How the desk looks: one accent, quiet greys, and where its callbacks are."""

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Backoffice"),
    "SITE_HEADER": _("Backoffice"),
    "SITE_SYMBOL": "inventory_2",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("desk/icon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "ENVIRONMENT": "backoffice.navigation.environment",
    "DASHBOARD_CALLBACK": "backoffice.navigation.home",
    "STYLES": [
        lambda request: static("desk/desk.css"),
        lambda request: static("desk/timeline.css"),
        lambda request: static("desk/merging.css"),
    ],
    "SCRIPTS": [
        lambda request: static("desk/desk.js"),
        lambda request: static("desk/drafts.js"),
        lambda request: static("desk/presence.js"),
    ],
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.43)",
            "300": "oklch(85.5% .138 181.07)",
            "400": "oklch(77.7% .152 181.91)",
            "500": "oklch(65% .125 184)",
            "600": "oklch(51.1% .096 186.39)",
            "700": "oklch(43.7% .078 188.22)",
            "800": "oklch(38.6% .063 188.42)",
            "900": "oklch(33% .055 190)",
            "950": "oklch(27.7% .046 192.52)",
        },
    },
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "backoffice.navigation.sidebar",
    },
}
