"""Actions: what staff do to one row from its page, or to many from the list, through a service.

One method of the admin serves both places:

    @desk_action(_("Ship"), permission="ship_order", form=ShipForm, icon="local_shipping", check=can_ship_order,
                 done=lambda count: ngettext_lazy("%(count)s order shipped.", "%(count)s orders shipped.", count))
    def ship(self, request, order, **asked):
        ship_order(order=order, actor=request.user, **asked)

    desk_actions = ("ship",)

It is asked for each row, in a savepoint of its own. A ValidationError leaves that row as it was, and its sentence is
shown beside the row. Everything that one request does is one change set.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.context import describe_change
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal
from backoffice.desk.forms import ActionForm, reasons_required
from backoffice.desk.queues import forget_counts

CONFIRMED = "confirmed"
ROW_LIMIT = 1_000


class StaffRequest(HttpRequest):
    """A request of somebody who is signed in, as every request for an action is."""

    user: User


@dataclass(frozen=True)
class DeskAction:
    """What the decorator says about an action.

    `permission` is a codename of the admin's own app. `check(row, user)` says why not. `tone` is `danger` for what
    cannot be taken back. `on_page` and `on_list` say where it is offered; on a page, `main` ones are buttons and the
    others stand in a menu. Those refused are shown with the reason, unless `hidden_when_refused`: it is plain to see.
    """

    title: Any
    permission: str
    form: type[ActionForm] = ActionForm
    icon: str = "bolt"
    tone: str = "default"
    check: Callable[[Any, Any], Refusal | None] | None = None
    done: Callable[[int], Any] | None = None
    explain: Any = ""
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
    """What became of each row: done, or left as it was, with the sentence that says why."""

    done: list[Any] = field(default_factory=list)
    skipped: list[tuple[Any, str]] = field(default_factory=list)

    @property
    def reasons(self) -> list[tuple[str, list[Any]]]:
        """The skipped rows, gathered under their sentences."""
        gathered: dict[str, list[Any]] = {}
        for row, sentence in self.skipped:
            gathered.setdefault(sentence, []).append(row)
        return sorted(gathered.items(), key=lambda reason: -len(reason[1]))


def sentence_of(error: ValidationError) -> str:
    """Return the messages of `error` as running text."""
    return " ".join(str(message) for message in error.messages)


def perform(rows: Any, service: Callable[[Any], None]) -> Outcome:
    """Call `service` with each row in its own savepoint; what it refuses is skipped."""
    outcome = Outcome()
    for row in rows:
        try:
            with transaction.atomic():
                service(row)
        except ValidationError as error:
            outcome.skipped.append((row, sentence_of(error)))
        else:
            outcome.done.append(row)
    return outcome


class ActionRun:
    """One request for an action: asks in a dialog, runs, and tells what became of the rows."""

    def __init__(self, admin: Any, request: HttpRequest, action: DeskAction, rows: models.QuerySet) -> None:
        self.admin, self.request, self.action, self.rows = admin, request, action, rows
        self.row: Any = None
        if not admin.may(request, action.permission):
            raise PermissionDenied

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
        if outcome.skipped:
            form.add_error(None, outcome.skipped[0][1])
            return self.show("desk/dialog.html", form=form)
        self.admin.message_user(self.request, self.done_sentence(1))
        return self.go(self.admin.url_of(row))

    def for_list(self) -> HttpResponse:
        """Answer the dialog of the rows that are selected in the list, or of all that its filters show."""
        count = self.rows.order_by()[: ROW_LIMIT + 1].count()
        if count > ROW_LIMIT:
            return self.show("desk/dialog_refused.html", refusal=too_many_sentence())
        form = self.bound_form()
        if not form.is_valid():
            return self.show("desk/dialog.html", form=form, count=count, carried=self.carried())
        outcome = self.run(self.rows.order_by("pk"), form)
        reasons = [
            (sentence, [(row, self.admin.url_of(row)) for row in skipped]) for sentence, skipped in outcome.reasons
        ]
        sentence = self.done_sentence(len(outcome.done))
        return self.show("desk/dialog_outcome.html", outcome=outcome, sentence=sentence, reasons=reasons)

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

    def carried(self) -> list[tuple[str, str]]:
        """Return what the second post must repeat: the action, and the selection or that it is everything."""
        posted = self.request.POST
        carried = [("action", self.action.name), ("index", "0"), ("select_across", posted.get("select_across", "0"))]
        return carried + [(ACTION_CHECKBOX_NAME, pk) for pk in posted.getlist(ACTION_CHECKBOX_NAME)]

    def show(self, template: str, **context: Any) -> HttpResponse:
        """Show a dialog: within the page that asked for it, or as a page of its own."""
        context |= {"action": self.action, "row": self.row, "opts": self.admin.opts, "dialog_template": template}
        context |= {"confirmed": CONFIRMED, "list_url": self.request.get_full_path()}
        if self.request.headers.get("HX-Request"):
            return render(self.request, template, context)
        context |= self.admin.admin_site.each_context(self.request) | {"title": self.action.title}
        return render(self.request, "desk/dialog_page.html", context)

    def go(self, url: str) -> HttpResponse:
        if self.request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


def too_many_sentence() -> str:
    return _("An action takes up to %(limit)s rows at once. Narrow the filters, or select fewer.") % {
        "limit": f"{ROW_LIMIT:,}"
    }


@dataclass(frozen=True)
class Button:
    """An action as the page offers it: with the address of its dialog, and why it cannot run now."""

    action: DeskAction
    url: str
    refusal: Refusal | None

    @property
    def why_not(self) -> str:
        return format_html("{}", self.refusal.sentence) if self.refusal else ""
