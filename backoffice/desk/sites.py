"""The site: home page, search over everything, counts of the queues."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.sites import UnfoldAdminSite

from backoffice.desk.palette import find
from backoffice.desk.queues import Count, queue_counts

FRESH_VAR = "fresh"


class RelatedSearch(AutocompleteJsonView):
    """Finds rows by typing: those that one may see, and colleagues for whoever may see the rows that name one."""

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        searched: Any = self.model_admin
        naming = searched.admin_site._registry.get(self.source_field.model)
        by_name = searched.found_by_all and naming is not None and naming.has_view_permission(request)
        return by_name or bool(super().has_perm(request, obj))


class DeskSite(UnfoldAdminSite):
    """unfold's site with the desk's home page and a search that is bounded and never stale."""

    index_title = _("Home")
    enable_nav_sidebar = True

    def admins(self) -> list[Any]:
        """Return the admins that know the desk's lists."""
        return [admin for admin in self._registry.values() if hasattr(admin, "get_queues")]

    def queue_counts(self, request: HttpRequest) -> dict[tuple[str, str], Count]:
        """Return how much waits in each queue that the user may see."""
        fresh = FRESH_VAR in request.GET and request.path == self.url("index")
        return queue_counts(request, self.admins(), fresh=fresh)

    def url(self, page: str) -> str:
        return reverse(f"{self.name}:{page}")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        return RelatedSearch.as_view(admin_site=self)(request)

    @method_decorator(require_safe)
    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer the palette: pages, then records, a few of each."""
        term = request.GET.get("s", "").strip()
        if not term:
            return HttpResponse()
        results = find(self, request, term)
        context = {"search_term": term, "results": results, "page_counter": 0, "command_show_history": False}
        return TemplateResponse(request, "desk/palette.html", context, headers={"HX-Trigger": "search"})


def desk_site() -> DeskSite:
    """Return the site that all admins of the desk are registered with."""
    return cast(DeskSite, admin.site)
