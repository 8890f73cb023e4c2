"""My files: what one exported, and the templates for exporting it again."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from backoffice.changes.refusals import Refusal
from backoffice.desk.admin import DeskModelAdmin, ReadOnlyAdmin
from backoffice.desk.admin.sheets import FETCH_VAR
from backoffice.desk.columns import NOTHING, column, number, row_link, status_badge, text, when
from backoffice.desk.exporting import EXPORT, headers_of, list_of, query_in_words
from backoffice.desk.filters import DateRangeFilter, RelatedFilter, YesNoFilter
from backoffice.desk.queues import Queue
from backoffice.jobs.models import Job
from backoffice.spreadsheets.models import ExportFile, ExportTemplate
from backoffice.spreadsheets.services import can_fetch, forget_export, note_fetched

KEPT_HERE = gettext_lazy("Choose “Export” in a list: its files are kept here for you alone, until they expire.")


def state_of(export: ExportFile) -> str:
    """Return whether the file can be fetched, and why not."""
    if export.state == ExportFile.State.MADE and not export.is_there(at=timezone.now()):
        return status_badge("draft", _("No longer kept") if export.has_expired(at=timezone.now()) else _("Deleted"))
    tone = {ExportFile.State.MADE: "green", ExportFile.State.FAILED: "red"}.get(ExportFile.State(export.state), "blue")
    return status_badge(export.state, export.get_state_display(), tone)


def kind_of(row: Any) -> str:
    """Return what the rows are."""
    return row.sheet or list_of(row.model_label)


def file_link(export: ExportFile) -> str:
    """Return a link to the page of an export."""
    return row_link(reverse("admin:spreadsheets_exportfile_change", args=[export.pk]), export)


def job_of(export: ExportFile) -> Job | None:
    """Return the background job that makes it, if it is a large one."""
    return Job.objects.filter(kind=EXPORT, key=str(export.pk)).first()


def deny(refusal: Refusal | None) -> None:
    """Answer 403 with the sentence of a refusal, if there is one."""
    if refusal is not None:
        raise PermissionDenied(refusal.sentence)


def schedule_links(template: ExportTemplate) -> str:
    """Return links to the schedules of a template, and to a new one."""
    address = f"{reverse('admin:spreadsheets_exportschedule_add')}?template={template.pk}"
    known = [
        (reverse("admin:spreadsheets_exportschedule_change", args=[schedule.pk]), schedule)
        for schedule in template.schedules.order_by("title")
    ]
    return format_html_join(" · ", "{}", [[row_link(*each)] for each in [*known, (address, _("Schedule it"))]])


@admin.register(ExportFile)
class ExportFileAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "counted", "size_shown", "made", "kept", "shown_state", "who", "is_personal")
    list_display_links = ("name",)
    sortable_by = ("made",)
    list_filter = (("owner", RelatedFilter), ("personal", YesNoFilter), ("asked_at", DateRangeFilter))
    queues = (
        Queue("mine", gettext_lazy("My files"), lambda files, user: files.of(user), counted=False, empty=KEPT_HERE),
        Queue(
            "personal", gettext_lazy("Personal data"), lambda files, user: files.filter(personal=True), counted=False
        ),
    )
    row_name = gettext_lazy("export")
    row_names = gettext_lazy("exports")
    empty_text = KEPT_HERE

    name = column(str, gettext_lazy("name"))
    kind = column(kind_of, gettext_lazy("rows of"))
    counted = number("rows", gettext_lazy("rows"))
    size_shown = column(lambda export: filesizeformat(export.size) if export.size else NOTHING, gettext_lazy("size"))
    made = when("asked_at", gettext_lazy("made"))
    kept = when("expires_at", gettext_lazy("kept until"))
    shown_state = column(state_of, gettext_lazy("state"))
    who = text("owner", gettext_lazy("who"))
    is_personal = column(lambda export: _("yes") if export.personal else NOTHING, gettext_lazy("personal data"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/download/", view(self.download_page), name="spreadsheets_exportfile_download"),
            path("<int:pk>/forget/", view(self.forget_page), name="spreadsheets_exportfile_forget"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what was exported, how far it is, and the file while it is there."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        export = self.find(request, int(object_id) if object_id.isdigit() else 0)
        mine = request.user.email in (export.owner.email, *export.recipients)  # type: ignore[union-attr]
        ready = mine and export.state == ExportFile.State.MADE and export.is_there(at=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": str(export),
            "opts": self.opts,
            "export": export,
            "kind": kind_of(export),
            "columns": headers_of(export, request.user),
            "which": query_in_words(export, export.owner),
            "state": state_of(export),
            "work": job_of(export) if export.state == ExportFile.State.QUEUED else None,
            "ready": ready,
            "mine": mine,
            "refusal": can_fetch(export, request.user),
            "fetches": ready and FETCH_VAR in request.GET,
            "list_url": list_address(export),
        }
        return render(request, "desk/export_file.html", context)

    def find(self, request: HttpRequest, pk: int) -> ExportFile:
        """Return an export that the user may see listed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: ExportFile = get_object_or_404(
            self.get_queryset(request).select_related("owner", "template", "schedule"), pk=pk
        )
        return found

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def download_page(self, request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
        """Hand out a file to whose it is, if they may export such rows now."""
        export = self.find(request, pk)
        deny(can_fetch(export, request.user))
        if not export.is_there(at=timezone.now()):
            raise Http404(_("This file is no longer kept. Export the rows again."))
        note_fetched(export=export)
        return FileResponse(export.path.open("rb"), as_attachment=True, filename=export.filename)

    @method_decorator(require_POST)
    def forget_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete a file of one's own."""
        export = self.find(request, pk)
        deny(can_fetch(export, request.user) if export.owner_id != request.user.pk else None)
        actor: Any = request.user
        forget_export(export=export, actor=actor)
        messages.success(request, _("The file is deleted. That it was made stays on record."))
        return HttpResponseRedirect(f"{self.url('changelist')}?queue=mine")


@admin.register(ExportTemplate)
class ExportTemplateAdmin(DeskModelAdmin):
    list_display = ("name", "kind", "format_shown", "mine", "shared", "changed")
    fields = ("name", "shared", "kind", "format", "columns_shown", "filters", "whose", "use", "by_itself")
    readonly_fields = ("kind", "columns_shown", "filters", "whose", "use", "by_itself")
    by_services = ("name", "shared", "format")
    empty_text = gettext_lazy("Choose “Export” in a list, tick columns, and keep them as a template.")

    kind = column(kind_of, gettext_lazy("rows of"))
    format_shown = column(lambda template: template.get_format_display(), gettext_lazy("format"))
    whose = mine = column(lambda template: str(template.owner), gettext_lazy("owner"))
    changed = when("updated_at", gettext_lazy("changed"))
    columns_shown = column(lambda template: ", ".join(headers_of(template, template.owner)), gettext_lazy("columns"))
    filters = column(
        lambda template: query_in_words(template, template.owner) or _("the whole list"), gettext_lazy("which rows")
    )
    use = column(
        lambda template: row_link(f"{list_address(template, page='export')}", _("Export with it")), gettext_lazy("use")
    )

    by_itself = column(schedule_links, gettext_lazy("by itself"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields; those who may not schedule anything are not told how."""
        return self.fields if self.may(request, "add_exportschedule") else self.fields[:-1]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own = obj is None or obj.owner_id == request.user.pk
        return own and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own = obj is None or obj.owner_id == request.user.pk
        return own and super().has_delete_permission(request, obj)


def list_address(asked: Any, page: str = "changelist") -> str:
    """Return the address of the list that was exported, under its filters; for a template, of its export."""
    address = reverse(f"admin:{asked.model_label.replace('.', '_')}_{page}")
    parts = [asked.query] if asked.query else []
    if page == "export":
        parts.append(f"template={asked.pk}")
    return f"{address}?{'&'.join(parts)}" if parts else address
