"""Actions: what staff do to one row from its page, or to many from the list, through a service.

One method of the admin serves both places:

    @desk_action(_("Ship"), permission="ship_order", form=ShipForm, icon="local_shipping", check=can_ship_order,
                 done=lambda count: ngettext_lazy("%(count)s order shipped.", "%(count)s orders shipped.", count))
    def ship(self, request, order, **asked):
        ship_order(order=order, actor=request.user, **asked)

    desk_actions = ("ship",)

It is asked for each row, in a savepoint of its own. A ValidationError leaves that row as it was, and its sentence is
shown beside the row. Everything that one request does is one change set. From the list it is planned first, and run
once the plan is confirmed: `desk.bulk`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.bulk.services import FAILED, REFUSALS, SKIPPED, sentence_of_database
from backoffice.changes.context import describe_change
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal
from backoffice.desk.forms import ActionForm, reasons_required
from backoffice.desk.queues import forget_counts

CONFIRMED = "confirmed"


class StaffRequest(HttpRequest):
    """A request of somebody who is signed in, as every request for an action is."""

    user: User


@dataclass(frozen=True)
class DeskAction:
    """What the decorator says about an action.

    `permission` is a codename of the admin's own app. `check(row, user)` says why not. `tone` is `danger` for what
    cannot be taken back. `on_page` and `on_list` say where it is offered; on a page, `main` ones are buttons and the
    others stand in a menu. Those refused are shown with the reason, unless `hidden_when_refused`: it is plain to see.
    `amount` is the field whose sum tells, before it runs on many rows, how much money it is about.
    """

    title: Any
    permission: str
    form: type[ActionForm] = ActionForm
    icon: str = "bolt"
    tone: str = "default"
    check: Callable[[Any, Any], Refusal | None] | None = None
    done: Callable[[int], Any] | None = None
    explain: Any = ""
    amount: str = ""
    main: bool = False
    hidden_when_refused: bool = False
    on_page: bool = True
    on_list: bool = True
    name: str = ""

    def refusal(self, row: Any, user: Any) -> Refusal | None:
        return self.check(row, user) if self.check else None


def desk_action(title: Any, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a method `(self, request, row, **asked)` as an action; the options are those of `DeskAction`."""

    def declare(method: Callable[..., None]) -> Callable[..., None]:
        method.desk_action = DeskAction(title=title, name=method.__name__, **options)  # type: ignore[attr-defined]
        return method

    return declare


@dataclass
class Outcome:
    """What became of each row: done, or left as it was (refused, or failed), with the sentence that says why."""

    done: list[Any] = field(default_factory=list)
    problems: list[tuple[Any, str, str]] = field(default_factory=list)


def sentence_of(error: ValidationError) -> str:
    """Return the messages of `error` as running text."""
    return " ".join(str(message) for message in error.messages)


def perform(rows: Any, service: Callable[[Any], None]) -> Outcome:
    """Call `service` with each row in its own savepoint; what it or the database refuses is left as it was."""
    outcome = Outcome()
    for row in rows:
        try:
            with transaction.atomic():
                service(row)
        except ValidationError as error:
            outcome.problems.append((row, SKIPPED, sentence_of(error)))
        except REFUSALS as error:
            outcome.problems.append((row, FAILED, sentence_of_database(error, type(row))))
        else:
            outcome.done.append(row)
    return outcome


class ActionRun:
    """One request for an action: asks in a dialog, and runs."""

    page_template = "desk/dialog_page.html"

    def __init__(self, admin: Any, request: HttpRequest, action: DeskAction, rows: models.QuerySet) -> None:
        self.admin, self.request, self.action, self.rows = admin, request, action, rows
        self.row: Any = None
        if not self.permitted():
            raise PermissionDenied

    def permitted(self) -> bool:
        return bool(self.admin.may(self.request, self.action.permission))

    def for_row(self, row: Any) -> HttpResponse:
        """Answer the dialog of a row's own page."""
        self.row = row
        refusal = self.action.refusal(row, self.request.user)
        if refusal:
            return self.show("desk/dialog_refused.html", refusal=refusal)
        form = self.bound_form()
        if not form.is_valid():
            return self.show("desk/dialog.html", form=form)
        outcome = self.run([row], form)
        for _row, _kind, sentence in outcome.problems:
            form.add_error(None, sentence)
        if outcome.problems:
            return self.show("desk/dialog.html", form=form)
        self.admin.message_user(self.request, self.done_sentence(1))
        return self.go(self.admin.url_of(row))

    def bound_form(self) -> ActionForm:
        data = self.request.POST if CONFIRMED in self.request.POST else None
        form = self.action.form(data, rows=self.rows, row=self.row, user=self.request.user)
        if self.action.name in reasons_required(self.admin.model, "actions"):
            form.fields["reason"].required = form.fields["reason"].widget.is_required = True
        return form

    def run(self, rows: Any, form: ActionForm) -> Outcome:
        reason = form.cleaned_data.get("reason", "")
        describe_change(kind=ChangeSet.Kind.ACTION, source=str(self.action.title), reason=reason)
        method = getattr(self.admin, self.action.name)
        forget_counts(self.admin, self.request)
        return perform(rows, lambda row: method(self.request, row, **form.cleaned_data))

    def done_sentence(self, count: int) -> str:
        sentence = self.action.done(count) if self.action.done else _("%(count)s done.")
        return str(sentence) % {"count": f"{count:,}"}

    def show(self, template: str, **context: Any) -> HttpResponse:
        """Show a dialog: within the page that asked for it, or as a page of its own."""
        context |= {"action": self.action, "row": self.row, "opts": self.admin.opts, "dialog_template": template}
        context |= {"confirmed": CONFIRMED, "list_url": self.request.get_full_path()}
        if self.request.headers.get("HX-Request"):
            return render(self.request, template, context)
        context |= self.admin.admin_site.each_context(self.request) | {"title": self.action.title}
        return render(self.request, self.page_template, context)

    def go(self, url: str) -> HttpResponse:
        if self.request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


@dataclass(frozen=True)
class Button:
    """An action as the page offers it: with the address of its dialog, and why it cannot run now."""

    action: DeskAction
    url: str
    refusal: Refusal | None

    @property
    def why_not(self) -> str:
        return format_html("{}", self.refusal.sentence) if self.refusal else ""
