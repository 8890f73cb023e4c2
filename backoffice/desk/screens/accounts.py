"""People, the roles they hold, and the tokens of programs."""

from typing import Any

from axes.models import AccessAttempt
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminPasswordWidget

from backoffice.accounts.models import ApiToken, Membership, User
from backoffice.accounts.roles import DESCRIPTIONS
from backoffice.accounts.services import issue_token, revoke_token, set_password
from backoffice.changes.refusals import Refusal, refuse_if
from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import DeskModelAdmin, DeskTabularInline, ReadOnlyAdmin
from backoffice.desk.columns import code, column, number, status_badge, when
from backoffice.desk.filters import YesNoFilter
from backoffice.desk.forms import ActionForm, VersionedForm
from backoffice.desk.queues import Queue


def password_field(label: Any, help_text: Any) -> forms.CharField:
    """Return the field for a password that somebody else is given."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, help_text=help_text, widget=widget, validators=[validate_password])


class PersonForm(VersionedForm):
    """A new person, with a first password."""

    first_password = password_field(
        _("First password"), _("Ten characters or more. Hand it over in person; they can change it themselves.")
    )


class PasswordForm(ActionForm):
    """A new password for somebody who lost theirs."""

    password = password_field(_("New password"), _("Ten characters or more. Hand it over in person."))


class RoleInline(DeskTabularInline):
    model = Membership
    fields = ("group",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("group")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Ask for the roles once a page, not once a line."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.choices = list(field.choices)
        return field


@admin.register(User)
class PersonAdmin(DeskModelAdmin):
    list_display = ("email", "name", "holds", "state", "seen")
    sortable_by = ("email",)
    ordering = ("email",)
    search_exact = ("email",)
    search_prefix = ("name",)
    list_filter = (("is_active", YesNoFilter),)
    empty_text = _("People who sign in to this desk.")
    fields = ("email", "name", "is_active", "seen")
    readonly_fields = ("seen",)
    add_fieldsets = ((None, {"fields": ("email", "name", "first_password")}),)
    inlines = (RoleInline,)
    asks_reason = True
    desk_actions = ("give_password",)
    palette_icon = "badge"
    found_by_all = True

    holds = column(lambda person: ", ".join(str(held) for held in person.memberships.all()) or _("no role"), _("roles"))
    state = column(
        lambda person: status_badge("active", _("Active")) if person.is_active else status_badge("", _("Closed")),
        _("state"),
    )
    seen = when("last_login", _("last sign-in"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | ({} if obj else {"form": PersonForm}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.set_password(form.cleaned_data["first_password"])
        super().save_model(request, obj, form, change)

    @desk_action(
        _("Give a new password"),
        permission="change_user",
        form=PasswordForm,
        icon="key",
        on_list=False,
        explain=_("The old password stops working at once."),
        done=lambda count: _("The new password works now."),
    )
    def give_password(self, request: StaffRequest, person: User, *, password: str, reason: str) -> None:
        set_password(user=person, password=password, reason=reason)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    row_name = _("role")
    row_names = _("roles")
    list_display = ("name", "meaning", "people")
    ordering = ("pk",)
    fields = ("name", "meaning")
    readonly_fields = fields
    empty_text = _("Roles come with the desk.")

    meaning = column(lambda role: DESCRIPTIONS.get(role.name, ""), _("what it allows"))
    people = number("people_count", _("people"))

    def page_rows(self, request: HttpRequest) -> Any:
        return Group.objects.annotate(people_count=models.Count("memberships"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("accounts.view_user"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


NEW_SECRET = "new_token"  # noqa: S105


class TokenForm(VersionedForm):
    """A new token: what it opens, and until when."""

    scopes = forms.MultipleChoiceField(
        label=_("Opens"),
        choices=ApiToken.Scope.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "desk-checks"}),
    )


def token_state(token: ApiToken) -> str:
    """Return whether the token opens anything now."""
    if token.revoked_at:
        return status_badge("revoked", _("Revoked"))
    if token.expires_at and token.expires_at <= timezone.now():
        return status_badge("expired", _("Expired"))
    return status_badge("active", _("Active"))


def can_revoke(token: ApiToken, user: Any) -> Refusal | None:
    """Whether the token is open still."""
    return refuse_if(token.revoked_at is not None, str(_("This token is revoked already.")))


@admin.register(ApiToken)
class TokenAdmin(DeskModelAdmin):
    list_display = ("name", "begins", "owner", "opens", "state", "used", "until")
    search_exact = ("prefix",)
    search_prefix = ("name",)
    queues = (
        Queue(
            "open",
            _("Active"),
            lambda tokens, user: tokens.usable(at=timezone.now()),
            counted=False,
        ),
    )
    empty_text = _("A token lets a program read the JSON export. Make one for each program.")
    fields = ("name", "begins", "owner", "opens", "state", "until", "used")
    readonly_fields = fields
    add_fieldsets = ((None, {"fields": ("name", "owner", "scopes", "expires_at")}),)
    desk_actions = ("revoke",)

    begins = code("prefix", _("begins with"))
    opens = column(lambda token: ", ".join(token.scopes), _("opens"))
    state = column(token_state, _("state"))
    used = when("last_used_at", _("last used"))
    until = when("expires_at", _("expires"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | ({} if obj else {"form": TokenForm}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        asked = form.cleaned_data
        token, request.new_secret = issue_token(  # type: ignore[attr-defined]
            owner=asked["owner"], name=asked["name"], scopes=asked["scopes"], expires_at=asked["expires_at"]
        )
        obj.pk = token.pk

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        """Offer no way to save that would pass by the page with the secret."""
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, **kwargs)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Lead to the secret by a page that makes no second token when it is loaded again."""
        request.session[NEW_SECRET] = [obj.pk, request.new_secret]  # type: ignore[attr-defined]
        return HttpResponseRedirect(self.url("issued", obj.pk))

    def get_urls(self) -> list[URLPattern]:
        issued = self.admin_site.admin_view(self.issued_view)
        return [path("<int:token_id>/issued/", issued, name="accounts_apitoken_issued"), *super().get_urls()]

    @method_decorator(require_safe)
    def issued_view(self, request: HttpRequest, token_id: int) -> HttpResponse:
        """Show the secret to whoever made it: now, and never again."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        known, secret = request.session.pop(NEW_SECRET, (None, ""))
        if known != token_id:
            return HttpResponseRedirect(self.url("changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("API token"),
            "opts": self.opts,
            "token": ApiToken.objects.get(pk=token_id),
            "secret": secret,
            "list_url": self.url("changelist"),
        }
        return render(request, "desk/token_issued.html", context)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @desk_action(
        _("Revoke"),
        permission="change_apitoken",
        icon="block",
        tone="danger",
        check=can_revoke,
        explain=_("The program that uses it is shut out at once, and for good."),
    )
    def revoke(self, request: StaffRequest, token: ApiToken, *, reason: str) -> None:
        revoke_token(token=token)


@admin.register(AccessAttempt)
class FailedSignInAdmin(ReadOnlyAdmin):
    row_name = _("failed sign-in")
    row_names = _("failed sign-ins")
    list_display = ("at", "username", "ip_address", "failures_since_start")
    search_exact = ("username",)
    empty_text = _("Nobody failed to sign in lately.")
    fields = ("at", "username", "ip_address", "failures_since_start", "user_agent")
    readonly_fields = fields

    at = when("attempt_time", _("last try"))
