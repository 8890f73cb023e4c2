"""The admin of a model, put together: its pages and what they write."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import quote, unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from unfold.forms import AdminForm, Fieldline

from backoffice.changes.context import describe_change
from backoffice.desk.admin.fields import OVERRIDES, AutocompleteMixin, columns_changed
from backoffice.desk.admin.inlines import ReadOnlyInline
from backoffice.desk.admin.lists import ListMixin
from backoffice.desk.admin.presences import PresenceMixin
from backoffice.desk.admin.running import ActionMixin
from backoffice.desk.admin.sheets import SheetMixin
from backoffice.desk.columns import NOTHING
from backoffice.desk.forms import REASON_FIELD, VersionedForm, reasons_required
from backoffice.desk.history import history_response, was_deleted
from backoffice.desk.merging import kept_sentences
from backoffice.desk.reverting import RevertMixin

# unfold does this when the first form of a process is opened; a page before that one would be unstyled.
helpers.AdminForm = AdminForm  # type: ignore[misc]
helpers.Fieldline = Fieldline  # type: ignore[misc]


class DeskModelAdmin(PresenceMixin, RevertMixin, AutocompleteMixin, ActionMixin, SheetMixin, ListMixin):
    """The admin of a model on the desk; `desk.admin` says what it settles and how one is written."""

    form = VersionedForm
    formfield_overrides = OVERRIDES
    warn_unsaved_form = True
    asks_reason = False
    empty_value_display = NOTHING

    def url_of(self, row: Any) -> str:
        return self.url("change", row.pk)

    def url(self, page: str, *args: Any) -> str:
        """Return the address of a page of this admin: `changelist`, `add`, `change`, `history` …"""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[quote(arg) for arg in args])

    def may(self, request: HttpRequest, codename: str) -> bool:
        """Whether the user holds the permission `codename` of this app."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        own = [
            path("<path:object_id>/do/<str:name>/", view(self.action_view), name=f"{name}_action"),
            path("<path:object_id>/sections/", view(self.sections_view), name=f"{name}_sections"),
        ]
        return own + super().get_urls()

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Return what stands under a row; nothing has been recorded yet under a new one."""
        return [each for each in self.inlines if obj is not None or not issubclass(each, ReadOnlyInline)]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; while it is being saved, locked, so that its version cannot change under the check."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST":
            rows = self.get_queryset(request).order_by()
            row = rows.select_for_update(of=("self",), no_key=True).filter(pk=row.pk).first()
        return row

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        context |= told_merges(context["adminform"].form, [each.formset for each in context["inline_admin_formsets"]])
        explained = [self.opts.get_field(name).verbose_name for name in reasons_required(self.model, "fields")]
        context |= {"asks_reason": self.asks_reason or explained, "reason_field": REASON_FIELD, "explained": explained}
        context.setdefault("show_save_and_add_another", row is None)
        context["show_history"] = hasattr(self.model, "history")
        context["posted_reason"] = request.POST.get(REASON_FIELD, "")
        if row is not None and not request.GET.get(IS_POPUP_VAR):
            buttons = self.buttons_of(request, row)
            context |= {"buttons": buttons, "more_buttons": [each for each in buttons if not each.action.main]}
        return super().render_change_form(request, context, **kwargs)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponseRedirect:
        """Lead from a row that was deleted to its history, and from one that never was to the list."""
        key, name = unquote(object_id), self.row_name
        if was_deleted(self.model, key):
            told = _("This %(name)s was deleted: here is who did it. The whole change can be undone.") % {"name": name}
            self.message_user(request, told, messages.WARNING)
            return HttpResponseRedirect(self.url("history", key))
        told = _("There is no %(name)s with the id “%(key)s”.") % {"name": name, "key": key}
        self.message_user(request, told, messages.WARNING)
        return HttpResponseRedirect(self.url("changelist"))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return history_response(self, request, unquote(object_id))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        reason = request.POST.get(REASON_FIELD, "").strip()
        if reason:
            describe_change(reason=reason)
        return super().save_form(request, form, change)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save()
        elif fields := columns_changed(obj, form.changed_data):
            obj.save(update_fields=fields)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for row, names in formset.changed_objects:
            row.save(update_fields=columns_changed(row, names))
        for row in formset.new_objects:
            row.save()
        formset.save_m2m()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for sentence in told_merges(form, formsets)["kept"]:
            self.message_user(request, sentence)

    # Change sets tell who did what; Django's log beside them would be a second, poorer record.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        return None


class ReadOnlyAdmin(DeskModelAdmin):
    """Rows that the desk shows and never edits by a form."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def told_merges(form: Any, formsets: Any) -> dict[str, Any]:
    """Return what a page says of changes that others made meanwhile: open `questions`, and those `kept`, in words."""
    forms = [form, *(each for formset in formsets if formset.is_bound for each in formset.initial_forms)]
    merges = [merge for merge in (getattr(each, "merge", None) for each in forms) if merge is not None]
    merges += [gone for gone in (getattr(formset, "gone", None) for formset in formsets) if gone is not None]
    return {
        "questions": [question for merge in merges for question in merge.questions],
        "kept": kept_sentences(kept for merge in merges for kept in merge.kept),
    }
