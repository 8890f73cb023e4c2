"""The list of a model: pages by key, one query for the keys and one for the page's rows."""

from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import capfirst
from unfold.views import ChangeList

from backoffice.desk.filters import DateRangeFilter
from backoffice.desk.keyset import BadCursor, Cursor, Page, Sort, decode_cursor, read_page
from backoffice.desk.queues import COUNT_LIMIT, QUEUE_VAR, Count, Queue, capped_count

AFTER_VAR, BEFORE_VAR, LAST_VAR = "after", "before", "last"
PLACE_VARS = (AFTER_VAR, BEFORE_VAR, LAST_VAR)


class CappedPaginator(Paginator):
    """Pages of search fields that complete what one types; counts no further than anybody scrolls."""

    @cached_property
    def count(self) -> int:
        return self.object_list[:COUNT_LIMIT].count()  # type: ignore[attr-defined]


class DeskChangeList(ChangeList):
    """Django's changelist with pages by key.

    Filters, search and sort act on the bare model; only the keys of the page are read there. What the columns
    need besides is asked for these rows alone, by the model's `for_changelist()`.
    """

    page: Page
    count: Count
    exact_search = False

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.place = {name: request.GET[name] for name in PLACE_VARS if name in request.GET}
        super().__init__(request, *args, **kwargs)
        self.title = capfirst(self.model_admin.row_names)

    def get_filters_params(self, params: Any = None) -> Any:
        own = (*PLACE_VARS, QUEUE_VAR)
        return {name: value for name, value in super().get_filters_params(params).items() if name not in own}

    def get_filters(self, request: HttpRequest) -> Any:
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            raise IncorrectLookupParameters
        try:
            return super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(error) from error

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet:
        for name in PLACE_VARS:
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        self.queue = self.find_queue(request)
        if self.queue:
            self.root_queryset = self.queue.rows(self.model_admin.get_queryset(request), request.user)
        queryset = super().get_queryset(request, exclude_parameters)
        self.exact_search = getattr(request, "desk_exact_search", False)
        return queryset

    def find_queue(self, request: HttpRequest) -> Queue | None:
        """Return the queue that the address names."""
        slug = request.GET.get(QUEUE_VAR)
        if not slug:
            return None
        for queue in self.model_admin.get_queues(request):
            if queue.slug == slug:
                return queue
        raise IncorrectLookupParameters(slug)

    @cached_property
    def sort(self) -> Sort:
        """The one column that the list is sorted by."""
        path, descending = self.sort_from_address() or self.default_sort()
        field = self.opts.pk if path == "pk" else self.field_at(path)
        return Sort(field, path, descending)

    def field_at(self, path: str) -> Any:
        opts = self.opts
        *way, name = path.split("__")
        for step in way:
            opts = opts.get_field(step).related_model._meta
        return opts.get_field(name)

    def sort_from_address(self) -> tuple[str, bool] | None:
        """Return the column that was clicked, if it may be sorted by: those have an index."""
        first = str(self.params.get(ORDER_VAR, "")).split(".")[0]
        place = first.removeprefix("-")
        if not place.isdigit() or int(place) >= len(self.list_display):
            return None
        name = self.list_display[int(place)]
        path = self.get_ordering_field(name)
        return (path, first.startswith("-")) if path and name in (self.sortable_by or ()) else None

    def default_sort(self) -> tuple[str, bool]:
        first = self.dated or [*self._get_default_ordering(), "-pk"][0]
        path = first.removeprefix("-")
        return ("pk" if path in ("pk", self.opts.pk.name) else path), first.startswith("-")

    @property
    def dated(self) -> str:
        """The date that the list is narrowed by, newest first: sorted by another column, an old date is a long walk."""
        dated = [spec for spec in self.filter_specs if isinstance(spec, DateRangeFilter) and (spec.first or spec.last)]
        return f"-{dated[0].field_path}" if dated else ""

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet) -> list[str]:
        return self.sort.order_by()

    def get_ordering_field_columns(self) -> dict[int, str]:
        for place, name in enumerate(self.list_display):
            if name in (self.sortable_by or ()) and self.get_ordering_field(name) == self.sort.path:
                return {place: "desc" if self.sort.descending else "asc"}
        return {}

    def find_cursor(self) -> Cursor:
        if AFTER_VAR in self.place:
            return decode_cursor(self.place[AFTER_VAR], self.sort, backwards=False)
        if BEFORE_VAR in self.place:
            return decode_cursor(self.place[BEFORE_VAR], self.sort, backwards=True)
        return Cursor(backwards=LAST_VAR in self.place)

    def get_results(self, request: HttpRequest) -> None:
        try:
            self.page = read_page(self.queryset, self.sort, self.find_cursor(), self.list_per_page)
        except BadCursor as error:
            raise IncorrectLookupParameters(error) from error
        whole = not self.page.has_previous and not self.page.has_next
        self.count = Count(len(self.page.keys)) if whole else capped_count(self.queryset)
        self.result_list = self.rows_of_page(request)
        self.result_count = self.full_result_count = self.count.number
        self.show_full_result_count = self.can_show_all = False
        self.show_admin_actions = True
        self.multi_page = not whole
        self.paginator = CappedPaginator(self.result_list, self.list_per_page)

    def rows_of_page(self, request: HttpRequest) -> list[Any]:
        """Return the rows with all that the columns show, in the page's order; peers fetch what is still missing."""
        rows = self.model_admin.page_rows(request)
        found = {row.pk: row for row in rows.filter(pk__in=self.page.pks).fetch_mode(models.FETCH_PEERS)}
        return [found[pk] for pk in self.page.pks if pk in found]

    @property
    def span(self) -> str:
        """Which rows of the list these are: `101–200`, where it is known."""
        passed = self.page.passed
        if passed is None and not self.page.has_next and self.count.exact:
            passed = self.count.number - len(self.page.keys)
        if passed is None or not self.page.keys:
            return ""
        return f"{passed + 1:,}–{passed + len(self.page.keys):,}"

    @property
    def next_url(self) -> str:
        return self.get_query_string({AFTER_VAR: self.page.next_cursor.encoded()}) if self.page.has_next else ""

    @property
    def previous_url(self) -> str:
        cursor = self.page.previous_cursor if self.page.has_previous else None
        return self.get_query_string({BEFORE_VAR: cursor.encoded()}) if cursor else ""

    @property
    def first_url(self) -> str:
        return self.get_query_string() if self.page.has_previous else ""

    @property
    def last_url(self) -> str:
        return self.get_query_string({LAST_VAR: "1"}) if self.page.has_next else ""

    @property
    def everything_url(self) -> str:
        """The list without queue, filters and search."""
        return self.get_query_string(remove=list(self.filter_params))
