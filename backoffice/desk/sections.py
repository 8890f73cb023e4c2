"""What a row of a list shows when it is opened. It is asked for then, and costs the list nothing.

class LinesSection(TableSection):
    title = _("Lines")
    columns = (code("sku"), text("name"), number("quantity"), money("total"))

    def rows(self):
        return self.row.lines.for_page()[:20]
"""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from backoffice.desk.columns import Column


class TableSection:
    """A small table; `columns` are those of `desk.columns`."""

    title: Any = ""
    empty_text: Any = ""
    columns: tuple[Column, ...] = ()
    template_name = "desk/section_table.html"

    def __init__(self, request: HttpRequest, row: Any) -> None:
        self.request, self.row = request, row

    def rows(self) -> Iterable[Any]:
        """Return the rows of the table: a bounded query."""
        raise NotImplementedError

    def render(self) -> str:
        cells = [[column(None, row) for column in self.columns] for row in self.rows()]
        heads = [(column.short_description, hasattr(column, "formatting")) for column in self.columns]  # type: ignore[attr-defined]
        table = [[(cell, head[1]) for cell, head in zip(line, heads, strict=True)] for line in cells]
        context = {"title": self.title, "heads": heads, "rows": table, "empty_text": self.empty_text}
        return render_to_string(self.template_name, context)
