"""The base classes of every admin of the desk.

What they settle, so that no admin need think of it: lists page by key and never count a table; related rows are
found by typing, not chosen from an endless list; a save writes only what was changed, and asks before it writes over
somebody else's change; import and export have permissions of their own; rows are never deleted by the list.

An admin in the desk's order:

    @admin.register(Order)
    class OrderAdmin(DeskModelAdmin):
        list_display = ("code", "placed", "customer", "state", "sum")   # columns: see desk.columns
        sortable_by = ("placed", "sum")                                # only what an index sorts
        search_exact = ("number",)                                     # an exact code wins ...
        search_prefix = ("email", "customer__name")                    # ... else these begin with the term
        list_filter = (("status", ChoiceFilter), ("placed_at", DateRangeFilter))   # see desk.filters
        queues = (Queue("to_ship", _("To ship"), lambda orders, user: orders.to_ship()),)   # see desk.queues
        list_sections = (LinesSection,)                                # shown when a row is opened: desk.sections
        spreadsheets = ("orders",)                                     # files that the list hands out and takes
        empty_text = _("Orders appear here when they are placed or imported.")
        fieldsets = ...
        readonly_fields = ("state", ...)                               # columns work here too
        inlines = (LineInline,)
        asks_reason = True                                             # a reason field on the form
        desk_actions = ("ship",)                                       # see desk.actions

        code = code("number", _("number"))
        state = badge("status")

        @desk_action(_("Ship"), permission="ship_order", form=ShipForm, check=can_ship_order, ...)
        def ship(self, request, order, **asked):
            ship_order(order=order, actor=request.user, **asked)

The rows of a list come from the model's `for_changelist()`. A test posts the form with `_version` =
`row.updated_at.isoformat()`, as the page does (`<inline prefix>-<n>-_version` for the rows of inlines).
"""

from backoffice.desk.admin.base import DeskModelAdmin, ReadOnlyAdmin
from backoffice.desk.admin.inlines import DeskStackedInline, DeskTabularInline, ReadOnlyInline

__all__ = ["DeskModelAdmin", "DeskStackedInline", "DeskTabularInline", "ReadOnlyAdmin", "ReadOnlyInline"]
