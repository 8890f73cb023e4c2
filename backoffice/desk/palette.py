"""Ctrl-K: pages and records by the beginning of what one types; a few of each, and never more queries than models."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

RECORDS_EACH = 5
PAGES_MOST = 8


def find(site: Any, request: HttpRequest, term: str) -> list[SearchResult]:
    """Return what `term` finds that the user may see: records before pages, exact codes first."""
    return [*records(site, request, term), *list(pages(site, request, term))[:PAGES_MOST]]


def records(site: Any, request: HttpRequest, term: str) -> list[SearchResult]:
    """Return the rows of each model with a palette icon that `term` finds; a model with an exact match comes first."""
    found = []
    for admin in site.admins():
        if admin.palette_icon and admin.has_view_permission(request):
            rows, _duplicates = admin.get_search_results(request, admin.get_queryset(request), term)
            exact = getattr(request, "desk_exact_search", False)
            found.append((not exact, admin, rows.order_by("-pk")[:RECORDS_EACH]))
    found.sort(key=lambda entry: entry[0])
    return [
        SearchResult(
            title=str(row),
            description=admin.palette_words(row),
            link=admin.url_of(row),
            icon=admin.palette_icon,
        )
        for _exact, admin, rows in found
        for row in rows
    ]


def pages(site: Any, request: HttpRequest, term: str) -> Iterator[SearchResult]:
    """Yield the pages of the sidebar whose title has a word that begins with `term`, and the forms for new rows."""
    wanted = term.casefold()
    for group in site.get_sidebar_list(request):
        for item in group["items"]:
            if item["has_permission"] and begins(str(item["title"]), wanted):
                yield SearchResult(str(item["title"]), str(group.get("title") or _("Desk")), item["link"], item["icon"])
    for admin in site.admins():
        title = _("New %(what)s") % {"what": admin.opts.verbose_name}
        if begins(title, wanted) and admin.has_add_permission(request):
            yield SearchResult(title, capfirst(admin.opts.verbose_name_plural), admin.url("add"), "add")


def begins(title: str, wanted: str) -> bool:
    title = title.casefold()
    return title.startswith(wanted) or any(word.startswith(wanted) for word in title.split())
