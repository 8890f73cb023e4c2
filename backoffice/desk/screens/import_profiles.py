"""Profiles of imports: what each says, who owns it, and the folder whose files it takes."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import DeskModelAdmin
from backoffice.desk.columns import NOTHING, column, text, when
from backoffice.desk.filters import ChoiceFilter, RelatedFilter
from backoffice.desk.importing import ReadingForm, row_facts
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import (
    can_change_profile,
    can_take_over,
    mailbox_words,
    take_over_profile,
    watched_words,
)

NO_MAILBOX = _("No mailbox is looked into here: the setting SPREADSHEET_MAILBOX names none.")


def mapping_table(profile: ImportProfile) -> str:
    """Return what fills each field, as a table."""
    columns = get_resource(profile.resource).all_columns
    lines = [
        (
            columns[name].column_name,
            profile.mapping.get(name, "") or NOTHING,
            profile.constants.get(name, ""),
            ", ".join(f"{word} → {by}" for word, by in profile.replaced.get(name, {}).items()),
        )
        for name in columns
        if name in profile.mapping or name in profile.constants
    ]
    return format_html(
        '<div class="desk-scroll"><table class="desk-table"><thead><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th>'
        "</tr></thead><tbody>{}</tbody></table></div>",
        _("Field"),
        _("Column of the file"),
        _("One value in all rows"),
        _("Replaced values"),
        format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", lines),
    )


def reading_words(profile: ImportProfile) -> str:
    """Return how files are read, where it is not left to detection."""
    read = ImportJob(resource=profile.resource, options=profile.options, detected=profile.options)
    facts = [*ReadingForm(job=read).facts, *row_facts(read)]
    return ", ".join(f"{label}: {value}" for label, value in facts) or str(_("as detected"))


def place_words(profile: ImportProfile) -> str:
    """Return where files are dropped, as the machine of the desk sees it."""
    none = _("No folders are watched here: the setting SPREADSHEET_WATCH_FOLDER names none.")
    return watched_words(profile) or str(none)


@admin.register(ImportProfile)
class ImportProfileAdmin(DeskModelAdmin):
    # A name, a folder and senders are one profile's own: many are not edited at once.
    by_services = ("name", "folder", "mail_from", "mail_subject", "arrival")
    list_display = ("name", "kind", "owner", "folder", "mail_from", "arrival_words", "changed")
    list_display_links = ("name",)
    search_prefix = ("name",)
    list_filter = (("owner", RelatedFilter), ("arrival", ChoiceFilter))
    empty_text = _("Save how a file was understood, on the page of its import: the next one like it is known then.")
    fieldsets = (
        (None, {"fields": ("name", "kind", "owner")}),
        (_("How a file is understood"), {"fields": ("columns", "reading")}),
        (_("Folder that is watched"), {"fields": ("folder", "place")}),
        (_("Mail that is taken"), {"fields": ("mail_from", "mail_subject", "mailbox")}),
        (_("What becomes of it"), {"fields": ("arrival",)}),
    )
    desk_actions = ("take_over",)
    readonly_fields = ("kind", "owner", "columns", "reading", "place", "mailbox")

    kind = column(lambda profile: get_resource(profile.resource).title, _("what is in it"))
    arrival_words = column(
        lambda profile: profile.get_arrival_display() if profile.folder or profile.mail_from else NOTHING,
        _("a file that arrives"),
    )
    folder = text("folder", _("folder"))
    mail_from = text("mail_from", _("senders"))
    changed = when("updated_at", _("changed"))
    columns = column(mapping_table, _("columns"))
    place = column(place_words, _("where it is"))
    mailbox = column(lambda profile: mailbox_words() or NO_MAILBOX, _("mailbox"))
    reading = column(reading_words, _("reading"))

    @desk_action(
        _("Make it mine"),
        permission="change_importprofile",
        icon="person_check",
        main=True,
        check=can_take_over,
        hidden_when_refused=True,
        on_list=False,
        explain=_("Files that arrive for it are imported in your name from then on, and you are told of them by mail."),
        done=lambda count: _("The profile is yours."),
    )
    def take_over(self, request: StaffRequest, profile: ImportProfile, **_asked: Any) -> None:
        take_over_profile(profile=profile, actor=request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return self.may(request, "add_importprofile") or self.may(request, "change_importprofile")
        return can_change_profile(obj, request.user) is None  # type: ignore[arg-type]
