"""The timeline under a row, and the notes that are written there."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import admin as unfold

from backoffice.desk.actions import StaffRequest
from backoffice.desk.forms import DeskForm
from backoffice.desk.timeline import timeline
from backoffice.notes.services import can_write_note, change_note, pin_note, withdraw_note, write_note

PLACE_VAR = "place"
ANCHOR = "#timeline"


class NoteForm(DeskForm):
    """A note, and whether the customer may hear of it."""

    text = forms.CharField(
        label=gettext_lazy("Note"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("@ and what stands before the @ of a colleague's address tells them by mail."),
    )
    internal = forms.BooleanField(
        label=gettext_lazy("Internal"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Colleagues only; never tell the customer."),
    )


class TimelineMixin(unfold.ModelAdmin):
    """An admin whose rows show what happened to them, and take notes. To be named before `DeskModelAdmin`."""

    change_form_outer_after_template = "desk/timeline.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        own = [
            path("<path:object_id>/timeline/", view(self.timeline_view), name=f"{name}_timeline"),
            path("<path:object_id>/notes/", view(self.notes_view), name=f"{name}_notes"),
            path("<path:object_id>/notes/<int:note_id>/", view(self.note_view), name=f"{name}_note"),
        ]
        return own + super().get_urls()

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and not request.GET.get(IS_POPUP_VAR):
            context |= self.timeline_context(request, row)
        return super().render_change_form(request, context, **kwargs)

    def timeline_context(self, request: Any, row: Any, *, form: NoteForm | None = None) -> dict[str, Any]:
        """Return what the timeline shows: a page of entries, and the form for a note if the user may write one."""
        place = request.GET.get(PLACE_VAR, "")
        shown = timeline(row, request.user, place=place)
        url = self.url("timeline", row.pk)
        return {
            "timeline": shown,
            "older_url": f"{url}?{PLACE_VAR}={shown.older}" if shown.older else "",
            "note_form": form or (None if can_write_note(row, request.user) else NoteForm()),
            "past_row_url": self.url("past_row", row.pk),
            "notes_url": self.url("notes", row.pk),
            "shows_change_sets": request.user.has_perm("changes.view_changeset"),
        }

    def timeline_view(self, request: StaffRequest, object_id: str) -> HttpResponse:
        """Show a page of the timeline by itself: the older ones."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self.timeline_page(request, self.seen_row(request, object_id))

    def notes_view(self, request: StaffRequest, object_id: str) -> HttpResponse:
        """Write a note; what cannot be written is shown again, with the reason."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row, form = self.seen_row(request, object_id), NoteForm(request.POST)
        if can_write_note(row, request.user):
            raise PermissionDenied
        if form.is_valid() and self.done(form, write_note, row=row, actor=request.user, **form.cleaned_data):
            return self.back(request, row, _("Note written."))
        return self.timeline_page(request, row, form=form)

    def note_view(self, request: StaffRequest, object_id: str, note_id: int) -> HttpResponse:
        """Change a note, pin it, or take it back."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.seen_row(request, object_id)
        note, form = get_object_or_404(row.notes, pk=note_id), NoteForm(request.POST)
        if "withdraw" in request.POST:
            return self.dealt_with(request, row, _("Note withdrawn."), withdraw_note, note=note)
        if "pin" in request.POST:
            pinned = request.POST["pin"] == "1"
            sentence = _("Note pinned.") if pinned else _("Note no longer pinned.")
            return self.dealt_with(request, row, sentence, pin_note, note=note, pinned=pinned)
        if form.is_valid() and self.done(form, change_note, note=note, actor=request.user, **form.cleaned_data):
            return self.back(request, row, _("Note changed."))
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return HttpResponseRedirect(self.url_of(row) + ANCHOR)

    def seen_row(self, request: StaffRequest, object_id: str) -> Any:
        """Return the row, if it is there and the user may see it."""
        row = super().get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    @staticmethod
    def done(form: NoteForm, service: Any, **asked: Any) -> bool:
        """Call the service; its refusal becomes an error of the form."""
        try:
            with transaction.atomic():
                service(**asked)
        except ValidationError as error:
            form.add_error("text", error)
            return False
        return True

    def dealt_with(
        self, request: StaffRequest, row: Any, sentence: str, service: Any, **asked: Any
    ) -> HttpResponseRedirect:
        """Call the service and say so; its refusal is said instead."""
        try:
            service(actor=request.user, **asked)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, sentence)
        return HttpResponseRedirect(self.url_of(row) + ANCHOR)

    def back(self, request: StaffRequest, row: Any, sentence: str) -> HttpResponse:
        messages.success(request, sentence)
        return HttpResponseRedirect(self.url_of(row) + ANCHOR)

    def timeline_page(self, request: StaffRequest, row: Any, *, form: NoteForm | None = None) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Timeline"),
            "opts": self.opts,
            "original": row,
            "row_url": self.url_of(row),
            **self.timeline_context(request, row, form=form),
        }
        return render(request, "desk/timeline_page.html", context)
