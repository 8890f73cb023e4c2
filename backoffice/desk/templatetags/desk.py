"""What the desk's templates ask of a list."""

from decimal import Decimal
from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR
from django.db import models
from django.template import Library
from django.template.defaultfilters import linebreaksbr
from django.urls import resolve
from django.utils.html import format_html, format_html_join

from backoffice.changes.words import plain
from backoffice.desk.columns import NOTHING, figure, moment
from backoffice.desk.filters import Chip, chips_of
from backoffice.desk.queues import QUEUE_VAR, Queue
from backoffice.desk.search import BROADEN
from backoffice.notes.services import MENTION

PLAINLY_TOLD = (models.DecimalField, models.IntegerField, models.BooleanField, models.JSONField)

register = Library()


@register.simple_tag
def active_chips(cl: Any) -> list[Chip]:
    """Return a chip for each filter of the list that is set."""
    return chips_of(cl)


@register.simple_tag
def queue_url(cl: Any, queue: Queue | None = None) -> str:
    """Return the address of a tab: the list under it, sorted as it is, without search and filters."""
    kept = {name: values for name, values in cl.filter_params.items() if name == "o"}
    remove = [name for name in cl.filter_params if name not in kept]
    return str(cl.get_query_string({QUEUE_VAR: queue.slug} if queue else None, remove=remove))


@register.simple_tag
def broader_search_url(cl: Any) -> str:
    """Return the address of a search by beginning, where an exact match hid the others."""
    return str(cl.get_query_string({SEARCH_VAR: f"{cl.query}{BROADEN}"}))


@register.simple_tag(takes_context=True)
def sheet_links(context: Any, cl: Any) -> Any:
    """Return the spreadsheets that a list hands out and takes."""
    admin = cl.model_admin
    return admin.sheet_links(context["request"]) if hasattr(admin, "sheet_links") else None


@register.simple_tag
def section_url(cl: Any, row: Any) -> str:
    """Return the address of what a row shows when it is opened."""
    return str(cl.model_admin.url("sections", row.pk))


@register.simple_tag(takes_context=True)
def past_url(context: Any, cl: Any) -> str:
    """Return the address of the list as it was, narrowed alike, where there is a history of it."""
    return str(cl.model_admin.past_address(context["request"])) if hasattr(cl.model, "history") else ""


@register.filter
def versions_of_forms(formset: Any) -> list[tuple[str, str]]:
    """Return the name and value of the hidden version of each stored row of an inline."""
    return [(form.add_prefix("_version"), form.version) for form in formset.initial_forms if hasattr(form, "version")]


@register.filter
def crumbs(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the way to a page: its list as staff know it, then its row. The app means nothing to them."""
    way = []
    for part in parts:
        found = resolve(part["link"]) if part.get("link") else None
        if found is not None and found.url_name == "app_list":
            continue
        if found is not None and str(found.url_name).endswith("_changelist"):
            admin = found.func.model_admin  # type: ignore[attr-defined]
            way.append(part | {"title": admin.row_names})
        else:
            way.append(part)
    return way


@register.filter
def told(value: Any) -> str:
    """Return a detail of an event in words."""
    if isinstance(value, dict):
        return ", ".join(f"{count} × {name}" for name, count in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@register.filter
def with_mentions(text: str) -> str:
    """Return the words of a note, with the people whom it names set apart."""
    parts = MENTION.split(text)
    return format_html_join("", "{}", ((part if n % 2 == 0 else mention(part),) for n, part in enumerate(parts)))


def mention(name: str) -> str:
    return format_html('<span class="desk-mention">@{}</span>', name)


@register.filter
def read_only(field: Any) -> Any:
    """Return what a field holds that one may only look at: figures, choices and records as lists and histories show."""
    stored, _attribute, value = field.resolved_field or (None, None, None)
    if value is None or not isinstance(stored, PLAINLY_TOLD) or stored.choices:
        contents = field.contents()
        return NOTHING if contents in ("", "-", "None") else contents
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return format_html('<span class="desk-figure">{}</span>', plain(value))
    return linebreaksbr(plain(value))


register.filter("moment", moment)
register.filter("amount", figure)
