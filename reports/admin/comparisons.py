"""A run beside the one before: what came, what went, and what changed from what to what."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backoffice.desk.columns import status_badge
from backoffice.spreadsheets.writers import SheetColumn, write_sheet
from reports.admin.pages import CONTENT_TYPES, deny, page
from reports.catalogue.base import Column
from reports.comparing import Comparison, Difference, Fate, compare
from reports.formats import in_words
from reports.models import Format, ReportRun
from reports.services import can_open_run

TONES = {Fate.ADDED: "green", Fate.REMOVED: "red", Fate.CHANGED: "amber", Fate.SAME: "grey"}


@dataclass(frozen=True)
class Cell:
    """What stood in a cell, where it stands otherwise now, and what stands there."""

    old: str
    new: str
    column: Column

    @property
    def changed(self) -> bool:
        """Whether both are to be shown."""
        return self.old != self.new


def fate_badge(fate: Fate, words: Any) -> str:
    """Return what became of rows as a badge."""
    return status_badge(fate.value, words, TONES[fate])


class ShownComparison:
    """The first rows that differ, and the counts and totals of all."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.columns = comparison.report.columns
        found = comparison.differences()
        self.rows = [(fate_badge(each.fate, each.fate.label), self.cells(each)) for each in self._first(found)]
        self.hidden = sum(1 for _each in found)
        self.counts = [fate_badge(fate, f"{fate.label} {count:,}") for fate, count in comparison.counts.items()]

    def _first(self, found: Iterator[Difference]) -> Iterator[Difference]:
        return islice(found, settings.REPORT_PAGE_ROWS)

    def cells(self, difference: Difference) -> list[Cell]:
        """Return the cells of a row that differs."""
        pairs = zip(difference.cells(self.columns), self.columns, strict=True)
        return [Cell(in_words(old, column), in_words(new, column), column) for (old, new), column in pairs]

    @property
    def totals(self) -> list[Cell]:
        """The totals of both runs, under their columns."""
        before, run = self.comparison.before, self.comparison.run
        return [Cell(_total(before, column), _total(run, column), column) for column in self.columns]


def _total(run: ReportRun, column: Column) -> str:
    return in_words(run.totals[column.name], column) if column.name in run.totals else ""


@require_safe
@never_cache
def compare_page(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """Show how a run differs from the one before it, or hand that out as a file."""
    run = get_object_or_404(ReportRun.objects.select_related("requested_by", "schedule"), pk=pk)
    deny(can_open_run(run, request.user))
    try:
        comparison = compare(run, request.user)
        if "file" in request.GET:
            return _file(comparison)
        shown = ShownComparison(comparison)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
        return HttpResponseRedirect(reverse("admin:reports_reportrun_change", args=[pk]))
    title = _("%(report)s: changes since the run before") % {"report": run.title}
    context = {"run": run, "before": comparison.before, "shown": shown}
    return page(request, "reports/comparison.html", title=title, **context)


def _file(comparison: Comparison) -> FileResponse:
    """Return all rows that differ as a workbook: each column as it was, and as it is."""
    columns = comparison.report.columns
    heads = [SheetColumn(_("Row"))]
    for column in columns:
        heads += [
            SheetColumn(_("%(column)s, before") % {"column": column.label}),
            SheetColumn(_("%(column)s, now") % {"column": column.label}),
        ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.xlsx"
        write_sheet(path, heads, (_sheet_row(each, columns) for each in comparison.differences()), split=True)
        file = path.open("rb")
    name = f"{comparison.run.report}_{comparison.before.pk}_{comparison.run.pk}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[Format.XLSX])


def _sheet_row(difference: Difference, columns: tuple[Column, ...]) -> list[str | None]:
    row: list[str | None] = [str(difference.fate.label)]
    for (old, new), column in zip(difference.cells(columns), columns, strict=True):
        row += [
            None if difference.old is None else in_words(old, column),
            None if difference.new is None else in_words(new, column),
        ]
    return row
