"""The addresses of the export. They read, and change nothing but what the export remembers of itself."""

import json
from datetime import UTC, datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from backoffice.jsonexport.access import authenticate, limit_rate, note_use, require_access
from backoffice.jsonexport.declarations import Export
from backoffice.jsonexport.horizon import complete_until
from backoffice.jsonexport.pages import read_page
from backoffice.jsonexport.parameters import read_parameters
from backoffice.jsonexport.refusals import NotFound, Refusal
from backoffice.jsonexport.registry import all_exports

METHODS = ("GET", "HEAD")


@csrf_exempt
@transaction.non_atomic_requests
def export_page(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with one page of the collection `name`, or with a refusal as JSON."""
    try:
        response = _answer(request, name)
    except Refusal as refusal:
        response = JsonResponse(
            {"error": str(refusal)},
            status=refusal.status,
            headers=refusal.headers,
            json_dumps_params={"ensure_ascii": False},
        )
    patch_cache_control(response, no_store=True, private=True)
    patch_vary_headers(response, ["Authorization"])
    return response


def _answer(request: HttpRequest, name: str) -> HttpResponse:
    if request.method not in METHODS:
        sentence = _("The export is read-only: use GET or HEAD.")
        return JsonResponse({"error": sentence}, status=405, headers={"Allow": ", ".join(METHODS)})
    token = authenticate(request)
    limit_rate(token)
    export = all_exports().get(name)
    if export is None:
        raise NotFound(_("There is no “%(name)s”. There are: %(names)s.") % {"name": name, "names": _names()})
    require_access(token, export)
    note_use(token)
    return _page(request, export, export.fields_for(token.owner))


def _page(request: HttpRequest, export: Export, readable: list[str]) -> HttpResponse:
    asked = read_parameters(request.GET, export_name=export.name, known=export.field_names, readable=readable)
    as_of = asked.position.as_of if asked.position else complete_until()
    page = read_page(export, asked)
    cursor = page.next_cursor(export, as_of)
    following = json.dumps(_address(request, cursor) if cursor else None)
    body = f'{{"data":[{",".join(page.rows)}],"next":{following},"as_of":"{_iso(as_of)}"}}'
    return HttpResponse(body, content_type="application/json; charset=utf-8")


def _address(request: HttpRequest, cursor: str) -> str:
    """Return the address of the next page: the same, from the cursor on."""
    query = request.GET.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _names() -> str:
    return ", ".join(f"{name}.json" for name in all_exports())
