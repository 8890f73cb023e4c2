"""Who has a form open now, by name.

Each open page holds a place of its row in the cache, says every while that it is still open, and gives the place back
when it is left; a page that vanished loses it after a moment. Nothing is written to the database. Where processes
share a Redis they share the places; a desk without one runs a single web process. While Redis is away, nobody is named.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

# How often an open page says so, in seconds, and for how long it is believed: two such calls may get lost.
EVERY = 40
LASTS = 100
PLACES = 12


@dataclass(frozen=True)
class Editor:
    """Somebody with a form open: `page` tells their tabs apart."""

    person: int
    name: str
    page: str
    since: datetime


def places_of(row: Any) -> list[str]:
    return [f"desk:editing:{row._meta.label_lower}:{row.pk}:{number}" for number in range(PLACES)]


def arrive(row: Any, user: Any, page: str) -> list[Editor]:
    """Note that `user` has the form of `row` open still, and return the others who have."""
    taken: dict[str, Editor] = cache.get_many(places_of(row))
    own = next((place for place, editor in taken.items() if (editor.person, editor.page) == (user.pk, page)), None)
    if own is None:
        take_place(row, Editor(user.pk, str(user), page, timezone.now()), taken)
    else:
        cache.set(own, taken[own], LASTS)
    return others(taken.values(), user)


def take_place(row: Any, editor: Editor, taken: Collection[str]) -> None:
    """Put `editor` on a free place; where somebody was faster, adding fails and the next one is tried."""
    free = (place for place in places_of(row) if place not in taken)
    next((place for place in free if cache.add(place, editor, LASTS)), None)


def leave(row: Any, user: Any, page: str) -> None:
    """Give the place of a page back."""
    taken: dict[str, Editor] = cache.get_many(places_of(row))
    cache.delete_many(place for place, editor in taken.items() if (editor.person, editor.page) == (user.pk, page))


def editors_of(row: Any, user: Any) -> list[Editor]:
    """Return who else has the form of `row` open."""
    return others(cache.get_many(places_of(row)).values(), user)


def others(editors: Iterable[Editor], user: Any) -> list[Editor]:
    """Return one editor for each other person, from when they opened the first of their tabs; the first comes first."""
    first: dict[int, Editor] = {}
    for editor in sorted(editors, key=lambda each: each.since):
        first.setdefault(editor.person, editor)
    return [editor for person, editor in first.items() if person != user.pk]


def presence_words(editors: Iterable[Editor], row: Any) -> str:
    """Return who is editing `row`, and since when."""
    return " ".join(
        _("%(who)s is editing this %(what)s, %(time)s.")
        % {"who": editor.name, "what": row._meta.verbose_name, "time": lasting(timezone.now() - editor.since)}
        for editor in editors
    )


def lasting(time: Any) -> str:
    """Return how long something has been going on."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return _("since just now")
    if minutes < 60:
        return _("for %(count)s min") % {"count": minutes}
    return _("for %(count)s h") % {"count": minutes // 60}
