"""Imports that are worked on in the background: how far that is, and the way to stop it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.desk.screens.import_pages import ImportPages
from backoffice.desk.screens.live_jobs import told
from backoffice.jobs.models import Job
from backoffice.jobs.services import cancel_job
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.tasks import REFUSED, latest_work


def open_works(job: ImportJob) -> list[Job]:
    """Return what is done for an import in the background, and has not ended."""
    return [work for work in (latest_work(job), latest_work(job, REFUSED)) if work is not None and work.is_open]


def shown_works(works: list[Job]) -> list[dict[str, Any]]:
    """Return what the page of an import says of work on it: each as the list of jobs does."""
    return [
        told(work, "")
        | {"pk": work.pk, "running": work.state == Job.State.RUNNING, "stoppable": not work.cancel_requested}
        for work in works
    ]


class LiveImports(ImportPages):
    """The pages of one import that is worked on."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/work/", view(self.work_page), name="spreadsheets_importjob_work"),
            path("<int:pk>/stop/", view(self.stop_page), name="spreadsheets_importjob_stop"),
        ]
        return own + super().get_urls()

    @method_decorator(require_safe)
    def work_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with how far the work on an import is; once some of it has ended, have its page shown anew."""
        job = self.find(request, pk)
        works = open_works(job)
        if [str(work.pk) for work in works] != request.GET.get("ids", "").split(","):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "desk/import_work.html", {"job": job, "works": shown_works(works)})

    def stop_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop the work on an import: nothing of it is kept."""
        job = self.find_posted(request, pk)
        for work in open_works(job):
            if str(work.pk) == request.POST.get("work"):
                cancel_job(job=work)
                messages.info(request, _("It stops. Nothing of it is kept, and nothing was written."))
        return HttpResponseRedirect(self.url("change", job.pk))
