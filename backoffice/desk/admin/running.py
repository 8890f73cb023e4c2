"""Where actions are offered: buttons on a row's page, and the bar under a selection in the list."""

from typing import Any

from django.contrib.admin.options import IS_POPUP_VAR, ActionLocation
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from unfold import admin as unfold

from backoffice.desk.actions import ActionRun, Button, DeskAction
from backoffice.desk.bulk import EDIT, EXPORT, EditRun, ListRun
from backoffice.desk.editing import offered_fields
from backoffice.desk.exporting import sheets_of


class ActionMixin(unfold.ModelAdmin):
    """The actions of a model, see `desk.actions`, and the editing of many rows.

    `by_services` are fields of the form that many rows have edited by actions only. Of `price_fields` a plan tells
    the sums, and the jumps.
    """

    desk_actions: tuple[str, ...] = ()
    by_services: tuple[str, ...] = ()
    price_fields: tuple[str, ...] = ()

    def permitted_actions(self, request: HttpRequest) -> list[DeskAction]:
        actions = [getattr(self, name).desk_action for name in self.desk_actions]
        return [action for action in actions if self.may(request, action.permission)]

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Any]:
        if action_location != ActionLocation.CHANGE_LIST or self.actions is None or IS_POPUP_VAR in request.GET:
            return {}
        return {
            action.name: (self.run_on_list(action), action.name, action.title) for action in self.list_actions(request)
        }

    def list_actions(self, request: HttpRequest) -> list[DeskAction]:
        """Return what is offered for a selection in the list."""
        edits = [EDIT] if offered_fields(self, request) else []
        exports = [EXPORT] if sheets_of(self, request.user) else []
        return edits + exports + [action for action in self.permitted_actions(request) if action.on_list]

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: Any = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> list[tuple[str, str]]:
        return [(name, str(title)) for name, (_run, _name, title) in self.get_actions(request, action_location).items()]

    @staticmethod
    def run_on_list(action: DeskAction) -> Any:
        if action is EXPORT:
            return lambda admin, request, _queryset: admin.export_selection(request)
        run = EditRun if action is EDIT else ListRun
        return lambda admin, request, queryset: run(admin, request, action, queryset).answer()

    def action_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Answer the dialog of an action on a row's page."""
        name = unquote(name)
        action: DeskAction | None = getattr(getattr(self, name, None), "desk_action", None)
        if action is None or name not in self.desk_actions or not action.on_page:
            raise Http404
        rows = self.get_queryset(request).filter(pk=self.opts.pk.to_python(unquote(object_id)))
        run = ActionRun(self, request, action, rows)
        row = rows.first()
        if row is None:
            raise Http404
        return run.for_row(row)

    def buttons_of(self, request: HttpRequest, row: Any) -> list[Button]:
        """Return the actions of a row's page, each with the reason why it cannot run now."""
        buttons = [
            Button(action, self.url("action", row.pk, action.name), action.refusal(row, request.user))
            for action in self.permitted_actions(request)
            if action.on_page
        ]
        return [each for each in buttons if not (each.refusal and each.action.hidden_when_refused)]
