"""One page of a collection: a single query, whose rows are JSON already."""

from dataclasses import dataclass
from datetime import datetime

from backoffice.jsonexport.declarations import Export
from backoffice.jsonexport.expressions import after, row_as_json
from backoffice.jsonexport.parameters import Parameters, Position


@dataclass(frozen=True)
class Page:
    """The rows as texts, and where the next page begins."""

    rows: list[str]
    last: tuple[datetime, int] | None

    def next_cursor(self, export: Export, as_of: datetime) -> str | None:
        """Return the cursor of the next page, or None at the end."""
        return Position(*self.last, as_of).sign(export.name) if self.last else None


def read_page(export: Export, asked: Parameters) -> Page:
    """Read the rows behind the cursor, oldest change first; a row that changes meanwhile comes again at the end."""
    rows = export.model_class._base_manager.order_by("updated_at", "pk")
    if asked.updated_since is not None:
        rows = rows.filter(updated_at__gte=asked.updated_since)
    if asked.position is not None:
        rows = rows.filter(after((asked.position.updated_at, asked.position.pk)))
    found = list(rows.values_list("updated_at", "pk", row_as_json(export, asked.fields))[: asked.limit + 1])
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return Page([text for _updated_at, _pk, text in page], page[-1][:2] if more else None)
