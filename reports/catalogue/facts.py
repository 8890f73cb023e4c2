"""Reports that add up facts: one row a record, with what it adds to each figure."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings

from reports.catalogue.base import Question, Report, Sql


class FactsReport(Report):
    """A report whose SQL is in two parts: the `facts`, one row a record, and the `rows` that gather them.

    `facts` names the columns of `behind_columns` and `key`, and `model` and `pk` of the record. `rows` selects from
    facts, and ends with the key. What both may use besides the values of the parameters stands in `given`.
    """

    facts: ClassVar[str]
    rows: ClassVar[str]

    def given(self, question: Question) -> Mapping[str, Any]:
        """Return the parameters of the SQL."""
        return {
            **question.values,
            "zone": settings.TIME_ZONE,
            "starts_at": question.period.starts_at,
            "ends_at": question.period.ends_at,
        }

    def query(self, question: Question) -> Sql:
        return Sql(f"WITH facts AS ({self.facts}) {self.rows}", self.given(question))

    def behind(self, question: Question) -> Sql:
        return Sql(self.facts, self.given(question))


def within(column: str) -> str:
    """Return the condition that `column` lies in the period of the question."""
    return (
        f"({column} >= coalesce(%(starts_at)s::timestamptz, '-infinity')"
        f" AND {column} < coalesce(%(ends_at)s::timestamptz, 'infinity'))"
    )


def local_day(column: str) -> str:
    """Return the local date of the instant in `column`."""
    return f"({column} AT TIME ZONE %(zone)s)::date"
