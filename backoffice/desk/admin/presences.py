"""The pages of a form tell each other who has it open."""

import secrets
from typing import Any

from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path
from unfold import admin as unfold

from backoffice.desk.actions import StaffRequest
from backoffice.desk.presence import EVERY, arrive, editors_of, leave, presence_words

PAGE_VAR, LEFT_VAR = "page", "left"
PAGE_LENGTH = 32


class PresenceMixin(unfold.ModelAdmin):
    """An admin whose forms name the colleagues who have them open; only those who may save count."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_editing"
        own = [path("<path:object_id>/editing/", self.admin_site.admin_view(self.editing_view), name=name)]
        return own + super().get_urls()

    def editing_view(self, request: StaffRequest, object_id: str) -> HttpResponse:
        """Note that a page is open, or left, and answer who else has one open, in words."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = super().get_object(request, unquote(object_id))
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        if row is None:
            raise Http404
        page = request.POST.get(PAGE_VAR, "")[:PAGE_LENGTH]
        if LEFT_VAR in request.POST:
            leave(row, request.user, page)
            return HttpResponse(status=204)
        return JsonResponse({"said": presence_words(arrive(row, request.user, page), row)})

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and not request.GET.get(IS_POPUP_VAR) and self.has_change_permission(request, row):
            context["presence"] = {
                "url": self.url("editing", row.pk),
                "page": secrets.token_hex(PAGE_LENGTH // 2),
                "every": EVERY,
                "said": presence_words(editors_of(row, request.user), row),
            }
        return super().render_change_form(request, context, **kwargs)
