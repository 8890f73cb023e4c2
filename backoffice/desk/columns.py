"""Columns of lists and pages: one look for statuses, money, times and codes.

A column is a class attribute of an admin, named in `list_display` or `readonly_fields`:

    state = badge("status")
    due = money("balance", _("due"))
    placed = when("placed_at")
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, TextField, Value, When
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NOTHING = "—"
TONES = {
    "grey": "draft cancelled archived unfulfilled revoked skipped",
    "blue": "placed running queued pending refunded received applied_checked mapped uploaded confirmed",
    "green": "active paid shipped completed succeeded fulfilled applied done",
    "amber": "part part_paid part_shipped on_hold due_soon overpaid returned partly_failed low expired checked",
    "red": "unpaid overdue failed oversold lost blocked refused",
}
TONE_OF = {status: tone for tone, statuses in TONES.items() for status in statuses.split()}

Column = Callable[[Any, Any], Any]


def status_badge(status: str, label: Any, tone: str = "") -> str:
    """Return a status as the badge it is everywhere: its word, in its colour."""
    return format_html('<span class="desk-badge desk-{}">{}</span>', tone or TONE_OF.get(status, "grey"), label)


def decimal_places(value: Decimal, least: int = 2) -> int:
    """Return the places that `value` needs, `least` at least."""
    exponent = value.normalize().as_tuple().exponent
    return max(least, -exponent if isinstance(exponent, int) else 0)


def figure(value: Any, places: int | None = None) -> str:
    """Return a number with its thousands separated; amounts with two places, or as many as they need."""
    if places is None:
        places = decimal_places(value) if isinstance(value, Decimal) else 0
    return formats.number_format(value, places, force_grouping=True)


def ago(at: datetime, *, now: datetime) -> str:
    """Return how long ago `at` was, as one says it; the date when it is more than a week."""
    minutes = int((now - at) / timedelta(minutes=1))
    days = (timezone.localdate(now) - timezone.localdate(at)).days
    if minutes < 0 or days > 6:
        year = "" if timezone.localdate(at).year == timezone.localdate(now).year else " Y"
        return formats.date_format(timezone.localtime(at), f"j M{year}")
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(count)s min ago") % {"count": minutes}
    if minutes < 24 * 60:
        return _("%(count)s h ago") % {"count": minutes // 60}
    return ngettext("%(count)s day ago", "%(count)s days ago", max(days, 1)) % {"count": max(days, 1)}


def moment(at: datetime | None) -> str:
    """Return an instant as relative words, with the exact time of this desk on hover."""
    if at is None:
        return NOTHING
    words = ago(at, now=timezone.now())
    return format_html('<time datetime="{}" title="{}" class="desk-when">{}</time>', at.isoformat(), exact(at), words)


def exact(at: datetime) -> str:
    """Return an instant to the second, in the time of this desk."""
    return formats.date_format(timezone.localtime(at), "j M Y, H:i:s")


def day(value: date | None) -> str:
    """Return a date in short words."""
    return NOTHING if value is None else formats.date_format(value, "j M Y")


def column(
    read: Callable[[Any], Any], label: Any, *, sort: str | None = None, exported: Any = "", **attributes: Any
) -> Column:
    """Return a column that shows what `read` makes of a row.

    Exports have its value for the ORM, `exported`: a path, or an expression; without one they leave it out.
    """

    def show(_admin: Any, row: Any) -> Any:
        return read(row)

    shown: Any = show
    shown.short_description = capfirst(label)
    shown.admin_order_field = sort
    shown.exported = exported
    for name, value in attributes.items():
        setattr(shown, name, value)
    return show


def choice_words(path: str, choices: Any) -> Case:
    """Return the words of a field with choices, for the ORM."""
    words = [When(**{path: value}, then=Value(str(label))) for value, label in choices if value not in {None, ""}]
    return Case(*words, default=F(path), output_field=TextField())


def follow(row: Any, path: str) -> Any:
    """Return the value at `path` (`customer__name`) of a row; none where the chain ends."""
    for name in path.split("__"):
        if row is None:
            return None
        row = getattr(row, name)
    return row


def words(path: str) -> str:
    return path.rpartition("__")[2].replace("_", " ")


def badge(path: str, label: Any = None) -> Column:
    """Show a field with choices as its badge."""

    def read(row: Any) -> str:
        *way, name = path.split("__")
        owner = follow(row, "__".join(way)) if way else row
        if owner is None or not getattr(owner, name):
            return NOTHING
        return status_badge(getattr(owner, name), getattr(owner, f"get_{name}_display")())

    return column(read, label or words(path), sort=path, exported=path)


def money(path: str, label: Any = None, *, sort: str | None = None) -> Column:
    """Show an amount: two places or as many as it needs, aligned by its right edge."""

    def read(row: Any) -> str:
        value = follow(row, path)
        return NOTHING if value is None else format_html('<span class="desk-figure">{}</span>', figure(value))

    return column(read, label or words(path), sort=sort or path, exported=path, formatting="price")


def number(path: str, label: Any = None, *, sort: str | None = None, warn_below: int | None = None) -> Column:
    """Show a whole number; below `warn_below` in red."""

    def read(row: Any) -> str:
        value = follow(row, path)
        if value is None:
            return NOTHING
        tone = " desk-red-text" if warn_below is not None and value < warn_below else ""
        return format_html('<span class="desk-figure{}">{}</span>', tone, figure(value, 0))

    return column(read, label or words(path), sort=sort or path, exported=path, formatting="price")


def signed(path: str, label: Any = None) -> Column:
    """Show a whole number as what it adds or takes."""

    def read(row: Any) -> str:
        return format_html('<span class="desk-figure">{}</span>', f"{follow(row, path):+,}")

    return column(read, label or words(path), exported=path, formatting="price")


def when(path: str, label: Any = None) -> Column:
    """Show an instant relative to now, exact on hover."""
    label = label or words(path).removesuffix(" at")
    return column(lambda row: moment(follow(row, path)), label, sort=path, exported=path)


def exactly(path: str, label: Any) -> Column:
    """Show an instant to the second, and how long ago it was."""

    def read(row: Any) -> str:
        at = follow(row, path)
        return format_html("{} · {}", exact(at), moment(at)) if at else NOTHING

    return column(read, label)


def on_day(path: str, label: Any = None) -> Column:
    """Show a date."""
    label = label or words(path).removesuffix(" on")
    return column(lambda row: day(follow(row, path)), label, sort=path, exported=path)


def code(path: str, label: Any = None) -> Column:
    """Show a code (number, SKU) in a face that tells 0 from O."""

    def read(row: Any) -> str:
        value = follow(row, path)
        return format_html('<span class="desk-code">{}</span>', value) if value else NOTHING

    return column(read, label or words(path), sort=path, exported=path)


def text(path: str, label: Any = None) -> Column:
    """Show words; a dash where there are none."""
    return column(lambda row: follow(row, path) or NOTHING, label or words(path), sort=path, exported=path)


def tags(path: str = "tags", label: Any = None) -> Column:
    """Show a list of tags as small chips."""

    def read(row: Any) -> str:
        shown = [format_html('<span class="desk-chip">{}</span>', tag) for tag in follow(row, path) or []]
        return format_html("{} " * len(shown), *shown) if shown else NOTHING

    return column(read, label or words(path), exported=path)


def row_link(url: str, label: Any) -> str:
    """Return a link to another page of the desk."""
    return format_html('<a class="desk-link" href="{}">{}</a>', url, label)
