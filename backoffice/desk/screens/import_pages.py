"""What the pages of imports share, and those about profiles: choose one, save one; and templates to fill in."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from backoffice.desk.admin import ReadOnlyAdmin
from backoffice.desk.admin.sheets import SheetMixin
from backoffice.desk.downloads import attachment
from backoffice.desk.importing import TemplateForm
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import (
    can_import,
    can_save_profile,
    check_as_before,
    check_import,
    choose_profile,
    confirm_import,
    header_changes,
    is_understood_otherwise,
    save_profile,
)
from backoffice.spreadsheets.tasks import CHECK, is_large, request_work
from backoffice.spreadsheets.templates import write_template


def sentence_of(error: ValidationError) -> str:
    return " ".join(str(message) for message in error.messages)


class ImportPages(ReadOnlyAdmin):
    """The pages of an import that the admin of imports adds its own to."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("template/", view(self.template_page), name="spreadsheets_importjob_template"),
            path("<int:pk>/profile/", view(self.profile_page), name="spreadsheets_importjob_profile"),
            path("<int:pk>/save-profile/", view(self.save_page), name="spreadsheets_importjob_save"),
        ]
        return own + super().get_urls()

    @method_decorator(require_safe)
    def template_page(self, request: HttpRequest) -> HttpResponse | FileResponse:
        """Hand out a blank file of a kind, or go to the list that hands out what is there."""
        form = TemplateForm(request.GET, user=request.user)
        if not form.is_valid():
            raise Http404
        kind, suffix = form.cleaned_data["kind"], form.cleaned_data["suffix"]
        if not form.cleaned_data["filled"]:
            resource = get_resource(kind)
            return attachment(f"{resource.title}.{suffix}", lambda target: write_template(resource, target))
        lists = (each for each in self.admin_site._registry.values() if isinstance(each, SheetMixin))
        address = next(each.export_address(kind, suffix) for each in lists if kind in each.spreadsheets)
        return HttpResponseRedirect(address)

    def profile_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Check a file again, as a profile says."""
        job = self.find_posted(request, pk)
        chosen = request.POST.get("profile", "")
        profile = get_object_or_404(ImportProfile, pk=int(chosen) if chosen.isdigit() else 0)
        try:
            job = choose_profile(job=job, profile=profile, actor=request.user)  # type: ignore[arg-type]
        except ValidationError as error:
            messages.error(request, sentence_of(error))
        else:
            self.check_first(request, job)
        return HttpResponseRedirect(self.url("change", job.pk))

    def save_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Save how a file was understood as a profile."""
        job, actor = self.find_posted(request, pk), request.user
        try:
            profile = save_profile(job=job, actor=actor, name=request.POST.get("name", ""))  # type: ignore[arg-type]
        except ValidationError as error:
            messages.error(request, sentence_of(error))
        else:
            words = _("The next file with these columns is understood like this one, as “%(name)s”.")
            messages.success(request, words % {"name": profile.name})
        return HttpResponseRedirect(self.url("change", job.pk))

    def profile_context(self, request: HttpRequest, job: ImportJob) -> dict[str, Any]:
        """Return what the page of an import says about profiles."""
        user: Any = request.user
        profile, profiles = job.profile, list(ImportProfile.objects.filter(resource=job.resource))
        headers = job.detected["headers"]
        fitting = next((each for each in profiles if not header_changes(each, headers).missing), None)
        return {
            "fitting": fitting if profile is None else None,
            "fitting_changes": header_changes(fitting, headers).sentence if fitting else "",
            "profile": profile,
            "profile_version": profile.history.count() if profile else 0,
            "profile_differs": bool(profile and job.checked_at and is_understood_otherwise(job, profile)),
            "profile_changes": header_changes(profile, headers).sentence if profile else "",
            "profiles": profiles,
            "may_save_profile": can_save_profile(job, user) is None,
            "may_see_profiles": user.has_perm("spreadsheets.view_importprofile"),
        }

    def check_first(self, request: HttpRequest, job: ImportJob) -> None:
        """Check a file as its profile says, or as the last one with the same columns was understood; say so."""
        earlier, asked = check_as_before(job=job)
        if isinstance(earlier, ImportJob):
            words = _("The columns are understood as in “%(file)s” of %(day)s. Change that below if it is wrong.")
            day = date_format(timezone.localtime(earlier.created_at), "j F Y")
            messages.info(request, words % {"file": earlier.filename, "day": day})
        self.work(request, job, CHECK, **asked)

    def work(self, request: HttpRequest, job: ImportJob, kind: str, **asked: Any) -> bool:
        """Check or apply the import now, or in the background when it is large; say what became of it.

        Return whether it could be done.
        """
        actor: Any = request.user
        try:
            if is_large(job):
                request_work(kind, import_job=job, actor=actor, **asked)
            elif kind == CHECK:
                check_import(job=job, actor=actor, **asked)
            else:
                self.say_applied(request, confirm_import(job=job, actor=actor, **asked))
        except ValidationError as error:
            messages.error(request, sentence_of(error))
            return False
        return True

    def say_applied(self, request: HttpRequest, job: ImportJob) -> None:
        count = job.created + job.updated
        words = ngettext("%(count)s row was applied.", "%(count)s rows were applied.", count)
        messages.success(request, words % {"count": f"{count:,}"})

    def find(self, request: HttpRequest, pk: int) -> ImportJob:
        job: ImportJob | None = ImportJob.objects.select_related("owner", "change_set", "profile").filter(pk=pk).first()
        if job is None:
            raise Http404
        if not self.has_view_permission(request, job):
            raise PermissionDenied(_("This import is a colleague's. Ask them, or a manager."))
        return job

    def find_posted(self, request: HttpRequest, pk: int) -> ImportJob:
        """Return the import that a POST is about; the person must be allowed to import its kind."""
        if request.method != "POST":
            raise Http404
        job = self.find(request, pk)
        if can_import(job.resource, request.user):  # type: ignore[arg-type]
            raise PermissionDenied
        return job

    def page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        context |= {"opts": self.opts, "list_url": self.url("changelist"), "upload_url": self.url("add")}
        return render(request, template, self.admin_site.each_context(request) | context)
