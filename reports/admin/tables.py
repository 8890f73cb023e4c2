"""A report as its page shows it: cells in words, links to what the figures are made of, and the chart."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson
from django.urls import reverse
from django.utils.functional import cached_property

from reports.behind import as_address
from reports.catalogue.base import Column, Kind, Link, Row
from reports.execution import Reading
from reports.formats import as_plain, in_words

CHART_POINTS = 40
# The first column is drawn as bars, the one that it is compared with as a line over them.
DRAWN: tuple[dict[str, Any], ...] = (
    {"backgroundColor": "var(--color-primary-600)", "borderColor": "var(--color-primary-600)"},
    {"type": "line", "borderColor": "var(--color-base-400)", "borderWidth": 2, "pointRadius": 3, "order": -1},
)


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


class Table(ABC):
    """The first rows of a reading, with the totals of all of them."""

    def __init__(self, reading: Reading, rows: list[Row]) -> None:
        self.reading = reading
        self.columns = reading.report.columns
        self.raw_rows = rows

    @cached_property
    def heads(self) -> list[Cell]:
        """The head of each column."""
        return [Cell(str(column.label), column) for column in self.columns]

    @cached_property
    def rows(self) -> list[list[Cell]]:
        """The cells, row by row."""
        return [self.cells(row) for row in self.raw_rows]

    @cached_property
    def totals(self) -> list[Cell]:
        """The cells under the table, empty where nothing is added up."""
        totals = self.reading.totals
        return [
            Cell(in_words(totals[column.name], column), column, self.url_of_total(column))
            if column.name in totals
            else Cell("", column)
            for column in self.columns
        ]

    @property
    def hidden(self) -> int:
        """How many rows there are beyond those shown."""
        return self.reading.row_count - len(self.raw_rows)

    @abstractmethod
    def cells(self, row: Row) -> list[Cell]:
        """Return the cells of a row, each with the page that it opens."""

    def url_of_total(self, column: Column) -> str:
        """Return the page that the total of a column opens."""
        return ""


class ShownReport(Table):
    """The first rows of a report: a row opens what it is about, and each figure the records that it is made of."""

    def __init__(self, reading: Reading, rows: list[Row], given: dict[str, str]) -> None:
        super().__init__(reading, rows)
        self.report = reading.report
        self.question = reading.question
        self.given = {name: value for name, value in given.items() if value}
        self.behind = {column.name for column in self.report.behind_columns}

    @property
    def period(self) -> str:
        """The dates in words; nothing for a report about now."""
        asks_for_dates = "period" in self.question.values or self.question.period.last
        return str(self.question.period) if asks_for_dates else ""

    @property
    def currency(self) -> str:
        """The currency of the amounts; nothing where there are none."""
        return str(self.report.currency(self.question))

    @cached_property
    def chart(self) -> str:
        """What is drawn, as the JSON that unfold hands to Chart.js; empty where there is nothing to compare."""
        chart = self.report.chart
        if chart is None or len(self.raw_rows) < 2:
            return ""
        shown, label = self.raw_rows[:CHART_POINTS], self.report.position(chart.label)
        labels = [in_words(row[label], self.columns[label]) for row in shown]
        datasets = [self._dataset(name, shown) | drawn for name, drawn in zip(chart.values, DRAWN, strict=False)]
        return orjson.dumps({"labels": labels, "datasets": datasets}).decode()

    def _dataset(self, name: str, shown: list[Row]) -> dict[str, Any]:
        at = self.report.position(name)
        return {
            "label": str(self.columns[at].label),
            "data": [as_plain(Decimal(row[at] or 0)) for row in shown],
            "maxBarThickness": 36,
            "displayYAxis": True,
            "maxTicksXLimit": 14,
        }

    def cells(self, row: Row) -> list[Cell]:
        key = as_address(row[len(self.columns) :])
        first, *others = zip(row, self.columns, strict=False)
        about = _address(self.report.drill(row, self.question))
        return [
            Cell(in_words(*first), first[1], about),
            *(Cell(in_words(value, column), column, self._url(column, value, key)) for value, column in others),
        ]

    def url_of_total(self, column: Column) -> str:
        return self._url(column, self.reading.totals[column.name], "")

    def _url(self, column: Column, value: Any, key: str) -> str:
        """Return the page of the records that a figure is made of; nothing is made of none."""
        if not column.is_figure or column.name not in self.behind or not value:
            return ""
        query = self.given | {"figure": column.name} | ({"key": key} if key else {})
        return f"{reverse('admin:reports_report_rows', args=[self.report.slug])}?{urlencode(query)}"


class ShownRecords(Table):
    """The first records behind a figure; each opens its own page."""

    def cells(self, row: Row) -> list[Cell]:
        *_values, model, pk = row
        url = reverse(f"admin:{model.replace('.', '_')}_change", args=[pk])
        first, *others = zip(row, self.columns, strict=False)
        return [Cell(in_words(*first), first[1], url), *(Cell(in_words(*pair), pair[1]) for pair in others)]


def _address(link: Link | None) -> str:
    if link is None:
        return ""
    url = reverse(link.view, args=link.args)
    return f"{url}?{urlencode(link.query)}" if link.query else url
