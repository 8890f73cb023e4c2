"""The records that the figures of a report are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.catalogue.base import Column, Question, Report, Sql
from reports.formats import as_plain


@dataclass(frozen=True)
class Behind:
    """What stands behind one row, or behind the totals when `key` is None; of one `figure`, or of all.

    Read like a report: its rows are the values of `columns`, then the model and the key of the record.
    """

    report: Report
    key: Sequence[Any] | None = None
    figure: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is told of a record: what it is, and what it adds to each figure."""
        return self.report.behind_columns

    def query(self, question: Question) -> Sql:
        """Return the SQL of the records; those that add nothing to the figure are left out."""
        facts = self.report.behind(question)
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        conditions, params = ["true"], dict(facts.params)
        if self.key is not None:
            for name, value in zip(self.report.key, self.key, strict=True):
                conditions.append(f'"{name}"::text IS NOT DISTINCT FROM %(key_{name})s')
                params[f"key_{name}"] = None if value is None else str(value)
        if self.figure:
            conditions.append(f'coalesce("{self.figure}", 0) <> 0')
        select = f"SELECT {names}, model, pk FROM ({facts.text}) AS facts WHERE {' AND '.join(conditions)}"  # noqa: S608
        return Sql(f"{select} ORDER BY model, pk DESC", params)


def as_address(key: Sequence[Any]) -> str:
    """Return a key as an address holds it."""
    return orjson.dumps([as_plain(value) for value in key]).decode()


def behind(report: Report, *, key: str = "", figure: str = "") -> Behind:
    """Return what stands behind the figure called `figure` of the row whose key an address holds.

    Raises ValidationError when the report has no such row or figure.
    """
    figures = {column.name for column in report.behind_columns if column.is_figure}
    if figure and figure not in figures:
        raise ValidationError(_("This report has no figure “%(name)s”."), params={"name": figure})
    return Behind(report, _parsed(report, key) if key else None, figure)


def _parsed(report: Report, key: str) -> list[Any]:
    try:
        values = orjson.loads(key)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, list) or len(values) != len(report.key):
        raise ValidationError(_("The address does not name a row of this report. Open the figure from its page again."))
    return values
