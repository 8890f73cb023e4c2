"""Reports that add up facts: one row a record, with what it adds to each figure."""

from collections.abc import Mapping
from typing import Any, ClassVar

from reports.catalogue.base import Question, Report, Sql
from reports.rollups import definitions
from reports.rollups.definitions import IS_BUILT


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
            **definitions.given(),
            "starts_at": question.period.starts_at,
            "ends_at": question.period.ends_at,
            "first": question.period.first,
            "last": question.period.last,
        }

    def query(self, question: Question) -> Sql:
        return Sql(f"WITH facts AS ({self.facts}) {self.rows}", self.given(question))

    def behind(self, question: Question) -> Sql:
        return Sql(self.facts, self.given(question))


class RolledReport(FactsReport):
    """A report whose facts are reckoned ahead: read from a rollup, or from the rows while that does not hold them all.

    `rolled` is the SQL of the facts that the rollup gives; of the facts on either side, `rows` needs those `gathered`.
    Which side is read is decided in the statement that reads it: `stands` is the condition that nothing changed since
    the rollup was reckoned. So figures are never older than the rows, nor partly so.
    """

    gathered: ClassVar[tuple[str, ...]]
    rolled: ClassVar[str]
    stands: ClassVar[str]

    def query(self, question: Question) -> Sql:
        names = ", ".join(self.gathered)
        text = f"""
            WITH rollup AS MATERIALIZED (SELECT {IS_BUILT} AND {self.stands} AS stands), facts AS (
                SELECT {names} FROM ({self.rolled}) AS rolled WHERE (SELECT stands FROM rollup)
                UNION ALL
                SELECT {names} FROM ({self.facts}) AS own WHERE NOT (SELECT stands FROM rollup)
            ) {self.rows}
        """  # noqa: S608
        return Sql(text, self.given(question))


def within(column: str) -> str:
    """Return the condition that `column` lies in the period of the question."""
    return (
        f"({column} >= coalesce(%(starts_at)s::timestamptz, '-infinity')"
        f" AND {column} < coalesce(%(ends_at)s::timestamptz, 'infinity'))"
    )


def within_days(column: str) -> str:
    """Return the condition that the local date in `column` lies in the period of the question."""
    return f"({column} >= coalesce(%(first)s::date, '-infinity') AND {column} <= coalesce(%(last)s::date, 'infinity'))"


# No order of the period changed since the rollups were reckoned.
PERIOD_STANDS = definitions.sales_stand(
    "coalesce(%(starts_at)s::timestamptz, '-infinity')", "coalesce(%(ends_at)s::timestamptz, 'infinity')"
)
