"""Lists: pages by key, tabs, exact search, rows that open."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models.constants import LOOKUP_SEP
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold import admin as unfold

from backoffice.desk.admin.past import PastMixin
from backoffice.desk.changelist import CappedPaginator, DeskChangeList
from backoffice.desk.queues import Queue
from backoffice.desk.search import search

BAD_ADDRESS = _("The address named a filter, a queue or a page that is not there. These are all rows.")


class ListMixin(PastMixin, unfold.ModelAdmin):
    """The list of a model."""

    list_per_page = 100
    list_fullwidth = True
    list_filter_submit = True
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    sortable_by: Iterable[str] = ()
    actions_on_bottom = False
    list_sections: Iterable[Any] = ()
    narrowed_by: tuple[str, ...] = ()  # fields that addresses of the desk narrow the list by, though no filter does
    search_exact: tuple[str, ...] = ()
    search_prefix: tuple[str, ...] = ()
    queues: tuple[Queue, ...] = ()
    empty_text: Any = _("Nothing here yet.")
    search_help_text: Any = None
    palette_icon = ""
    found_by_all = False  # by fields and filters: whoever may see a row that names one of these may look for another
    row_name: Any = ""
    row_names: Any = ""

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        self.row_name = self.row_name or self.opts.verbose_name
        self.row_names = self.row_names or self.opts.verbose_name_plural
        self.search_help_text = self.search_help_text or self.searched_fields_in_words()

    def searched_fields_in_words(self) -> str:
        """Return what a search reads, as the search field says it while it is empty."""
        names = (str(get_fields_from_path(self.model, path)[-1].verbose_name) for path in self.search_fields)
        return capfirst(", ".join(dict.fromkeys(names)))

    def palette_words(self, row: Any) -> str:
        """Return what the palette says beside the name of `row`."""
        return str(self.opts.verbose_name)

    @property
    def search_fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.search_exact, *self.search_prefix)))

    @property
    def media(self) -> Media:
        # unfold's own reads the request of whoever came last; a list's filters are the same for everybody.
        media = super(unfold.ModelAdmin, self).media
        for entry in self.list_filter:
            form = getattr(entry[1] if isinstance(entry, tuple) else entry, "form_class", None)
            media += Media(getattr(form, "Media", None))
        return media

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskChangeList]:
        return DeskChangeList

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        return CappedPaginator(queryset, per_page, *args, **kwargs)

    def page_rows(self, request: HttpRequest) -> Any:
        """Return the rows as the columns need them; the list takes those of its page."""
        manager = self.model._default_manager
        return getattr(manager, "for_changelist", manager.all)()

    def get_queues(self, request: HttpRequest) -> tuple[Queue, ...]:
        return self.queues

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether an address may narrow the list so: not by just any field, since few have an index."""
        name = lookup.split(LOOKUP_SEP, maxsplit=1)[0]
        filters = {entry[0] if isinstance(entry, tuple) else entry for entry in self.get_list_filter(request)}
        fields = {field.name: field for field in self.opts.get_fields()}
        indexed = name not in fields or fields[name].is_relation or fields[name] is self.opts.pk
        return (indexed or name in filters or name in self.narrowed_by) and super().lookup_allowed(
            lookup, value, request
        )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found, exact = search(queryset, search_term, exact=self.search_exact, prefix=self.search_prefix)
        request.desk_exact_search = exact  # type: ignore[attr-defined]
        return found, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if ERROR_FLAG in request.GET:
            self.message_user(request, BAD_ADDRESS, messages.WARNING)
        queues = self.get_queues(request)
        counts = self.admin_site.queue_counts(request) if queues else {}
        tabs = [(queue, counts.get((self.opts.label_lower, queue.slug))) for queue in queues]
        actions = self.list_actions(request)
        context = {"queue_tabs": tabs, "bulk_actions": actions, "empty_text": self.empty_text}
        return super().changelist_view(request, context | (extra_context or {}))

    @method_decorator(require_safe)
    def sections_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a row of the list holds, when it is opened."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return render(request, "desk/sections.html", {"sections": [s(request, row) for s in self.list_sections]})
