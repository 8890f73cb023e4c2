"""Imports: upload a file, look at what it would do, apply it or let it be."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from backoffice.changes.undo import can_undo, undo_in_force
from backoffice.desk.columns import choice_words, column, number, status_badge, when
from backoffice.desk.downloads import attachment
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter
from backoffice.desk.importing import (
    ChangesForm,
    MappingForm,
    ReadingForm,
    TemplateForm,
    UploadForm,
    permitted_resources,
    row_facts,
)
from backoffice.desk.queues import Queue
from backoffice.desk.screens.import_pages import sentence_of
from backoffice.desk.screens.live_imports import LiveImports, open_works, shown_works
from backoffice.spreadsheets.mapping import is_reason
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import (
    ask_approval,
    can_ask_approval,
    can_confirm,
    can_discard,
    can_work_on,
    discard_import,
    error_file,
    kept_error_file,
    read_again,
    resource_of,
    search_changes,
    upload_file,
)
from backoffice.spreadsheets.tasks import APPLY, CHECK, REFUSED, is_large, latest_work, request_work

CHANGES_SHOWN = 50


def ignored_headers(job: ImportJob) -> list[str]:
    """Return the columns of a checked file that fill nothing, but not the reasons of an error file."""
    filling = set(job.mapping.values())
    return [each for each in job.detected["headers"] if each and each not in filling and not is_reason(each)]


def error_files(job: ImportJob) -> list[dict[str, Any]]:
    """Return the kinds of error file, and whether each can be had at once or has to be written first."""
    labels = {".xlsx": _("Excel, bad cells coloured"), ".csv": _("CSV")}
    return [
        {"as": suffix[1:], "label": label, "ready": not is_large(job) or kept_error_file(job, suffix).exists()}
        for suffix, label in labels.items()
    ]


def with_labels(job: ImportJob, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return changed rows with the columns called as people call them."""
    labels = resource_of(job).labels()
    return [
        {**row, "changes": {labels.get(name, name): values for name, values in row["changes"].items()}}
        for row in changes
    ]


def state_badge(job: Any) -> str:
    state = ImportJob.State.UNDONE if job.undone else ImportJob.State(job.state)
    return status_badge(state, state.label)


class StateFilter(ChoiceFilter):
    """The state that the badge shows."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.in_shown_state(self.value()) if self.value() else queryset


@admin.register(ImportJob)
class ImportAdmin(LiveImports):
    list_display = (
        "filename",
        "kind",
        "shown_state",
        "read",
        "new",
        "changed",
        "same",
        "wrong",
        "owner",
        "came_from",
        "uploaded",
    )
    list_display_links = ("filename",)
    search_prefix = ("filename",)
    list_filter = (
        ("state", StateFilter),
        ("owner", RelatedFilter),
        ("source", ChoiceFilter),
        ("created_at", DateRangeFilter),
    )
    queues = (
        Queue(
            "waiting",
            gettext_lazy("Waiting for a person"),
            lambda imports, user: imports.waiting(),
            tone="amber",
            personal=True,
            on_home=True,
        ),
        Queue(
            "approve",
            gettext_lazy("Waiting for approval"),
            lambda imports, user: imports.for_approval(),
            tone="red",
            personal=True,
            on_home=True,
        ),
    )
    empty_text = gettext_lazy(
        "Nothing was imported yet. Upload a spreadsheet: it is checked before anything is written."
    )

    kind = column(lambda job: get_resource(job.resource).title, gettext_lazy("what is in it"))
    shown_state = column(state_badge, gettext_lazy("state"), sort="state")
    read = number("rows", gettext_lazy("rows"))
    new = number("created", gettext_lazy("new"))
    changed = number("updated", gettext_lazy("changed"))
    same = number("unchanged", gettext_lazy("unchanged"))
    wrong = number("refused", gettext_lazy("refused"))
    came_from = column(
        lambda job: job.get_source_display(),
        gettext_lazy("came from"),
        exported=choice_words("source", ImportJob.Source.choices),
    )
    uploaded = when("created_at", gettext_lazy("uploaded"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "add_importjob") and bool(permitted_resources(request.user))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.may(request, "view_importjob"):
            return False
        user: Any = request.user
        return obj is None or can_work_on(obj, user) is None

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("check", self.check_page),
            ("read", self.read_page),
            ("confirm", self.confirm_page),
            ("approval", self.approval_page),
            ("discard", self.discard_page),
            ("file", self.file_page),
            ("errors", self.errors_page),
            ("refused", self.refused_page),
        )
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(page), name=f"spreadsheets_importjob_{name}")
            for name, page in pages
        ]
        return own + super().get_urls()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Take a file."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(
            request.POST or None,
            request.FILES or None,
            user=request.user,
            initial={"resource": request.GET.get("kind")},
        )
        to_fill_in = TemplateForm(user=request.user, initial={"kind": request.GET.get("kind")})
        if request.method == "POST" and form.is_valid():
            try:
                return self.take(request, form)
            except ValidationError as error:
                form.add_error("file", sentence_of(error))
        forms = {"form": form, "to_fill_in": to_fill_in}
        return self.page(request, "desk/import_upload.html", title=_("Import a spreadsheet"), **forms)

    def take(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        asked = form.cleaned_data
        job = upload_file(
            resource=asked["resource"],
            file=asked["file"],
            filename=asked["file"].name,
            actor=request.user,  # type: ignore[arg-type]
            reason=asked["reason"],
            profile=asked["profile"],
        )
        self.check_first(request, job)
        return HttpResponseRedirect(self.url("change", job.pk))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what the file would do, or did."""
        job = self.find(request, int(object_id) if object_id.isdigit() else 0)
        if request.method != "GET":
            raise PermissionDenied
        return self.show(request, job)

    def show(
        self,
        request: HttpRequest,
        job: ImportJob,
        form: MappingForm | None = None,
        reading: ReadingForm | None = None,
    ) -> HttpResponse:
        work = latest_work(job)
        waiting = job.state in {ImportJob.State.UPLOADED, ImportJob.State.CHECKED}
        context = {
            "job": job,
            "resource": get_resource(job.resource),
            "works": shown_works(open_works(job)),
            "writing": latest_work(job, REFUSED) if job.refused else None,
            "error_files": error_files(job),
            "work": work if work and (work.is_open or (work.error and waiting)) else None,
            "is_waiting": waiting,
            "form": form or MappingForm(job=job),
            "reading": reading or ReadingForm(job=job),
            "row_facts": row_facts(job),
            "tables": [(name, counts) for name, counts in job.tables.items()],
            "refusal_all": can_confirm(job, request.user, accepted=True),  # type: ignore[arg-type]
            "refusal_valid": can_confirm(job, request.user, only_valid=True, accepted=True),  # type: ignore[arg-type]
            "refusal_approval": can_ask_approval(job, request.user),  # type: ignore[arg-type]
            "conflicts": with_labels(job, job.conflicts),
            **self.changes_context(request, job),
            **self.profile_context(request, job),
            "ignored": ignored_headers(job),
            "more_problems": sum(group["count"] for group in job.problem_groups) > len(job.problems),
            "good_rows": job.created + job.updated,
            "may_discard": can_discard(job, request.user) is None,  # type: ignore[arg-type]
            **self.undo_context(request, job),
            "may_see_changes": request.user.has_perm("changes.view_changeset"),
        }
        return self.page(request, "desk/import_check.html", title=job.filename, **context)

    def changes_context(self, request: HttpRequest, job: ImportJob) -> dict[str, Any]:
        """Return the rows that change, as the address narrows them, and the form that narrows them."""
        form = ChangesForm(request.GET or None, job=job)
        samples, more = job.samples, ""
        if job.state == ImportJob.State.CHECKED and form.is_valid():
            actor: Any = request.user
            try:
                samples = search_changes(job=job, actor=actor, limit=CHANGES_SHOWN, **form.cleaned_data)
            except ValidationError as error:
                messages.error(request, sentence_of(error))
            if len(samples) == CHANGES_SHOWN:
                more = form.address(after=samples[-1]["row"])
        unseen = job.state == ImportJob.State.CHECKED and not form.is_bound and len(samples) < job.created + job.updated
        shown = {"samples": with_labels(job, samples), "more_changes": more, "unseen_changes": unseen}
        return {"changes_form": form, **shown}

    def undo_context(self, request: HttpRequest, job: ImportJob) -> dict[str, Any]:
        """Return the way to undo an import that was applied, and by what it was undone."""
        if job.change_set is None:
            return {}
        undone_by, url = (
            undo_in_force(job.change_set),
            reverse("admin:changes_changeset_undo", args=[job.change_set.pk]),
        )
        if undone_by is not None and not undone_by.partly:
            return {"undone_by": undone_by}
        refusal = can_undo(job.change_set, request.user)
        return {"undone_by": undone_by, "undo_url": "" if refusal else url, "undo_refusal": refusal}

    def check_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Check again, with another mapping."""
        job = self.find_posted(request, pk)
        form = MappingForm(request.POST, job=job)
        if not (form.is_valid() and self.work(request, job, CHECK, **form.asked())):
            return self.show(request, job, form)
        return HttpResponseRedirect(self.url("change", job.pk))

    def read_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read the file in another way, and check what comes of it."""
        job = self.find_posted(request, pk)
        form = ReadingForm(request.POST, job=job)
        if form.is_valid():
            try:
                job = read_again(job=job, actor=request.user, options=form.cleaned_data)  # type: ignore[arg-type]
            except ValidationError as error:
                form.add_error(None, sentence_of(error))
        if not form.is_valid():
            return self.show(request, job, reading=form)
        self.check_first(request, job)
        return HttpResponseRedirect(self.url("change", job.pk))

    def confirm_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Apply what was shown."""
        job = self.find_posted(request, pk)
        asked = {name: name in request.POST for name in ("only_valid", "accepted")}
        self.work(request, job, APPLY, **asked, seen=request.POST.get("seen"))
        return HttpResponseRedirect(self.url("change", job.pk))

    def approval_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the managers to approve it."""
        job = self.find_posted(request, pk)
        try:
            ask_approval(job=job, actor=request.user)  # type: ignore[arg-type]
        except ValidationError as error:
            messages.error(request, sentence_of(error))
        else:
            messages.info(request, _("It waits for a manager now. You see here what they decide."))
        return HttpResponseRedirect(self.url("change", job.pk))

    def discard_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give it up."""
        job = self.find_posted(request, pk)
        try:
            discard_import(job=job, actor=request.user)  # type: ignore[arg-type]
        except ValidationError as error:
            messages.error(request, sentence_of(error))
            return HttpResponseRedirect(self.url("change", job.pk))
        messages.info(request, _("The import was discarded. Nothing was written."))
        return HttpResponseRedirect(self.url("changelist"))

    @method_decorator(require_safe)
    def file_page(self, request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
        """Hand the uploaded file back, to its owner or a manager."""
        job = self.find(request, pk)
        if not job.file.name or not job.file.storage.exists(job.file.name):
            raise Http404(_("The file is not kept any more."))
        return FileResponse(job.file.open("rb"), as_attachment=True, filename=job.filename)

    @method_decorator(require_safe)
    def errors_page(self, request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
        """Hand out the refused rows with their reasons, as XLSX or, if asked, CSV."""
        job = self.find(request, pk)
        suffix = ".csv" if request.GET.get("as") == "csv" else ".xlsx"
        name = f"{job.filename.partition('.')[0]} refused{suffix}"
        kept = kept_error_file(job, suffix)
        if kept.exists():
            return FileResponse(kept.open("rb"), as_attachment=True, filename=name)
        sentence = _("The file with the refused rows is not written yet. Ask for it on this page.")
        if not is_large(job):
            try:
                return attachment(name, lambda path: error_file(job=job, actor=request.user, path=path))  # type: ignore[arg-type]
            except ValidationError as error:
                sentence = sentence_of(error)
        messages.error(request, sentence)
        return HttpResponseRedirect(self.url("change", job.pk))

    def refused_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the refused rows of a large file written in the background."""
        job = self.find_posted(request, pk)
        suffix = ".csv" if request.POST.get("as") == "csv" else ".xlsx"
        if is_large(job) and job.refused and not kept_error_file(job, suffix).exists():
            actor: Any = request.user
            request_work(REFUSED, import_job=job, actor=actor, suffix=suffix)
        return HttpResponseRedirect(self.url("change", job.pk))
