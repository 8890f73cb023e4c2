"""A report as its page shows it: cells in words, links to what the figures are made of, and the chart."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson
from django.urls import reverse
from django.utils.functional import cached_property

from reports.catalogue.base import Column, Kind, Link, Row
from reports.execution import Reading
from reports.formats import as_plain, in_words

CHART_POINTS = 40


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, how it is set, and the page that it opens."""

    words: str
    column: Column
    url: str = ""

    @property
    def css(self) -> str:
        """The class of the cell: figures stand at the right, codes in a face of their own."""
        if self.column.kind.is_number:
            return "desk-right desk-figure"
        return "desk-code" if self.column.kind == Kind.CODE else ""


class ShownReport:
    """The first rows of a report, with the totals of all of them."""

    def __init__(self, reading: Reading, rows: list[Row]) -> None:
        self.reading = reading
        self.report = reading.report
        self.question = reading.question
        self.raw_rows = rows

    @property
    def period(self) -> str:
        """The dates in words; nothing for a report about now."""
        asks_for_dates = "period" in self.question.values
        return str(self.question.period) if asks_for_dates else ""

    @property
    def currency(self) -> str:
        """The currency of the amounts."""
        return self.report.currency(self.question)

    @cached_property
    def heads(self) -> list[Cell]:
        """The head of each column."""
        return [Cell(str(column.label), column) for column in self.report.columns]

    @cached_property
    def rows(self) -> list[list[Cell]]:
        """The cells; the first of each row opens what the row is made of."""
        return [self._cells(row) for row in self.raw_rows]

    @cached_property
    def totals(self) -> list[Cell]:
        """The cells under the table, empty where nothing is added up."""
        totals = self.reading.totals
        return [
            Cell(in_words(totals[column.name], column) if column.name in totals else "", column)
            for column in self.report.columns
        ]

    @property
    def hidden(self) -> int:
        """How many rows the report has beyond those shown."""
        return self.reading.row_count - len(self.raw_rows)

    @cached_property
    def chart(self) -> str:
        """What is drawn, as the JSON that unfold hands to Chart.js; empty where there is nothing to compare."""
        chart = self.report.chart
        if chart is None or len(self.raw_rows) < 2:
            return ""
        shown, label = self.raw_rows[:CHART_POINTS], self.report.position(chart.label)
        labels = [in_words(row[label], self.report.columns[label]) for row in shown]
        datasets = [self._dataset(name, shown) for name in chart.values]
        return orjson.dumps({"labels": labels, "datasets": datasets}).decode()

    def _dataset(self, name: str, shown: list[Row]) -> dict[str, Any]:
        at = self.report.position(name)
        return {
            "label": str(self.report.columns[at].label),
            "data": [as_plain(Decimal(row[at] or 0)) for row in shown],
            "backgroundColor": "var(--color-primary-600)",
            "borderColor": "var(--color-primary-600)",
            "maxBarThickness": 36,
            "displayYAxis": True,
            "maxTicksXLimit": 14,
        }

    def _cells(self, row: Row) -> list[Cell]:
        url = _address(self.report.drill(row, self.question))
        first, *others = zip(row, self.report.columns, strict=True)
        return [Cell(in_words(*first), first[1], url), *(Cell(in_words(*pair), pair[1]) for pair in others)]


def _address(link: Link | None) -> str:
    if link is None:
        return ""
    url = reverse(link.view, args=link.args)
    return f"{url}?{urlencode(link.query)}" if link.query else url
