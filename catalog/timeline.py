"""What happened to a product: the movements of its stock."""

from django.utils.translation import gettext as _

from backoffice.desk.timeline import Entry, Source, numbered_below, sets_of
from catalog.models import StockMovement


class Movements(Source):
    """Units that came and went."""

    name = "movements"

    def may_see(self) -> bool:
        return self.user.has_perm("catalog.view_stockmovement")

    def entries(self, before: int | None, size: int) -> list[Entry]:
        movements = list(numbered_below(self.row.movements.order_by("-pk"), before)[:size])
        sets = sets_of(StockMovement, [movement.pk for movement in movements])
        return [self.entry(movement, sets.get(movement.pk)) for movement in movements]

    def entry(self, movement: StockMovement, change_set: int | None) -> Entry:
        return Entry(
            source=self.name,
            pk=movement.pk,
            at=movement.created_at,
            icon="swap_vert",
            title=_("Stock %(change)s") % {"change": f"{movement.delta:+,}"},
            tone="green" if movement.delta > 0 else "blue",
            details=[(movement.get_reason_display(), movement.reference)]
            if movement.reference
            else [(_("because of"), movement.get_reason_display())],
            change_set=change_set,
        )
