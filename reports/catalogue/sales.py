"""What the sales reports share: which orders count, and what each of them adds to the figures."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import PERIOD_STANDS, RolledReport, within, within_days
from reports.catalogue.parameters import PeriodParameters, ReportParameters
from reports.periods import Period, local_day
from reports.rollups import definitions

COUNTED = f"{definitions.COUNTED} AND o.currency = %(currency)s"
PERMISSIONS = ("reports.run_report", "orders.view_order")
ORDERS = (
    Column("orders", _("Orders"), Kind.INTEGER, total=True),
    Column("credit_notes", _("Credit notes"), Kind.INTEGER, total=True),
)
UNITS = Column("units", _("Units"), Kind.INTEGER, total=True)
SALES = Column("sales", _("Sales"), Kind.AMOUNT, total=True)
SHARE = Column("share", _("Share of sales, %"), Kind.PERCENT, derived=True)
ORDER = (Column("number", _("Order"), Kind.CODE), Column("placed", _("Placed"), Kind.DATE))


def order_facts(condition: str = "true") -> str:
    """Return the SQL of the orders that count, one row each.

    Sales are line totals, in the currency and the period of the question, before shipping and tax, to the last digit.
    """
    return f"""
        SELECT 'orders.order' AS model, o.id AS pk, o.number, {local_day("o.placed_at")} AS placed,
            o.country, o.channel, o.customer_id,
            (o.kind = 'sale')::int AS orders, (o.kind = 'credit')::int AS credit_notes,
            coalesce(sum(l.quantity), 0) AS units, coalesce(sum(l.total), 0) AS sales
        FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id
        WHERE {COUNTED} AND {within("o.placed_at")} AND {condition}
        GROUP BY o.id
    """  # noqa: S608


LINE_FACTS = f"""
    SELECT 'orders.order' AS model, o.id AS pk, o.number, {local_day("o.placed_at")} AS placed,
        date_trunc('month', o.placed_at AT TIME ZONE %(zone)s)::date AS month,
        l.product_id, p.category_id, l.sku, l.quantity AS units, l.total AS sales
    FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id JOIN catalog_product p ON p.id = l.product_id
    WHERE {COUNTED} AND {within("o.placed_at")}
"""  # noqa: S608

LINES_ROLLED = f"""
    SELECT product_id, units, sales FROM {definitions.BY_PRODUCT.table}
    WHERE currency = %(currency)s AND {within_days("day")}
"""  # noqa: S608
CATEGORIES_ROLLED = f"""
    SELECT date_trunc('month', day::timestamp)::date AS month, category_id, units, sales
    FROM {definitions.BY_CATEGORY.table} WHERE currency = %(currency)s AND {within_days("day")}
"""  # noqa: S608
CATEGORIES_STAND = f"{PERIOD_STANDS} AND {definitions.CATEGORIES_STAND}"


class SalesByOrderField(RolledReport):
    """Sales by something that stands on the order itself."""

    group = Group.SALES
    permissions = PERMISSIONS
    parameters: ClassVar[type[ReportParameters]] = PeriodParameters
    facts = order_facts()
    rolled = f"""
        SELECT country, channel, orders, credit_notes, units, sales FROM {definitions.BY_COUNTRY_AND_CHANNEL.table}
        WHERE currency = %(currency)s AND {within_days("day")}
    """  # noqa: S608
    stands = PERIOD_STANDS
    behind_columns = (*ORDER, *ORDERS, UNITS, SALES)

    def __init_subclass__(cls) -> None:
        (field,) = cls.key
        cls.gathered = (field, "orders", "credit_notes", "units", "sales")
        cls.rows = f"""
            SELECT {field}, sum(orders), sum(credit_notes), sum(units)::bigint, sum(sales),
                round(100 * sum(sales) / nullif(sum(sum(sales)) OVER (), 0), 2), {field}
            FROM facts GROUP BY {field} ORDER BY sum(sales) DESC, {field}
        """  # noqa: S608

    def drill(self, row: Row, question: Question) -> Link:
        """The orders that say so."""
        (field,) = self.key
        named = {field: row[0]} if row[0] else {f"{field}__exact": ""}
        return Link("admin:orders_order_changelist", query={**orders_query(question), **named})


# The days asked for, as many before them, and those of a year before; what moves the others to the days asked for.
SPANS = """
    WITH spans (span, first, last, months, days) AS (VALUES
        ('now', coalesce(%(first)s::date, '-infinity'), coalesce(%(last)s::date, 'infinity'), 0, 0),
        ('before', %(before_first)s::date, %(before_last)s::date, %(before_months)s::int, %(before_days)s::int),
        ('year_before', %(year_first)s::date, %(year_last)s::date, 12, 0)
    )
"""
BY_SPAN = """
    date_trunc(%(unit)s, day + make_interval(months => months, days => days))::date AS at,
    CASE span WHEN 'now' THEN orders ELSE 0 END AS orders,
    CASE span WHEN 'now' THEN credit_notes ELSE 0 END AS credit_notes,
    CASE span WHEN 'now' THEN units ELSE 0 END AS units,
    CASE span WHEN 'now' THEN sales ELSE 0 END AS sales,
    CASE span WHEN 'before' THEN sales ELSE 0 END AS sales_before,
    CASE span WHEN 'year_before' THEN sales ELSE 0 END AS sales_year_before
    FROM sold JOIN spans ON day BETWEEN first AND last
"""


class SalesByTime(RolledReport):
    """Sales by the local day, week or month, beside those of the period before and of a year before.

    A period of whole months is compared with as many months before it, any other with as many days. Each row stands
    beside the one at the same place there; the totals are those of the whole periods.
    """

    unit: ClassVar[str]
    group = Group.SALES
    permissions = PERMISSIONS
    parameters: ClassVar[type[ReportParameters]] = PeriodParameters
    key = ("at",)
    compared = (
        Column("sales_before", _("Period before"), Kind.AMOUNT, total=True),
        Column("change_before", _("Change, %"), Kind.PERCENT, derived=True),
        Column("sales_year_before", _("Year before"), Kind.AMOUNT, total=True),
        Column("change_year_before", _("Change to year before, %"), Kind.PERCENT, derived=True),
    )
    behind_columns = (*ORDER, *ORDERS, UNITS, SALES, *(column for column in compared if column.total))
    facts = f"""
        {SPANS}, sold AS (
            SELECT o.id, o.number, {local_day("o.placed_at")} AS day,
                (o.kind = 'sale')::int AS orders, (o.kind = 'credit')::int AS credit_notes,
                coalesce(sum(l.quantity), 0) AS units, coalesce(sum(l.total), 0) AS sales
            FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id
            WHERE {COUNTED}
                AND (o.placed_at >= coalesce(%(starts_at)s::timestamptz, '-infinity')
                    OR o.placed_at >= %(before_starts_at)s::timestamptz
                    OR o.placed_at >= %(year_starts_at)s::timestamptz)
                AND o.placed_at < coalesce(%(ends_at)s::timestamptz, 'infinity')
            GROUP BY o.id
        )
        SELECT 'orders.order' AS model, id AS pk, number, day AS placed, {BY_SPAN}
    """  # noqa: S608
    gathered = ("at", "orders", "credit_notes", "units", "sales", "sales_before", "sales_year_before")
    rolled = f"""
        {SPANS}, sold AS (
            SELECT day, orders, credit_notes, units, sales FROM {definitions.BY_COUNTRY_AND_CHANNEL.table}
            WHERE currency = %(currency)s
        )
        SELECT {BY_SPAN}
    """  # noqa: S608
    stands = definitions.sales_stand(
        "spans.starts_at",
        "spans.ends_at",
        """(VALUES
            (coalesce(%(starts_at)s::timestamptz, '-infinity'), coalesce(%(ends_at)s::timestamptz, 'infinity')),
            (%(before_starts_at)s::timestamptz, %(before_ends_at)s::timestamptz),
            (%(year_starts_at)s::timestamptz, %(year_ends_at)s::timestamptz)
        ) AS spans (starts_at, ends_at)""",
    )
    rows = """
        , gathered AS (
            SELECT at, sum(orders) AS orders, sum(credit_notes) AS credit_notes, sum(units)::bigint AS units,
                sum(sales) AS sales, sum(sales_before) AS before, sum(sales_year_before) AS year_before
            FROM facts GROUP BY at
        )
        SELECT each.at::date, coalesce(orders, 0), coalesce(credit_notes, 0), coalesce(units, 0), coalesce(sales, 0),
            CASE WHEN %(compared)s THEN coalesce(before, 0) END,
            round(100 * (sales - before) / nullif(abs(before), 0), 1),
            CASE WHEN %(compared)s THEN coalesce(year_before, 0) END,
            round(100 * (sales - year_before) / nullif(abs(year_before), 0), 1),
            each.at::date
        FROM (SELECT min(at) AS first, max(at) AS last FROM gathered) AS ends
        CROSS JOIN LATERAL generate_series(first, last, ('1 ' || %(unit)s)::interval) AS each (at)
        LEFT JOIN gathered ON gathered.at = each.at
        ORDER BY each.at
    """

    def given(self, question: Question) -> Mapping[str, Any]:
        asked, before, year = question.period, question.period.before(), question.period.year_before()
        months = asked.whole_months
        return {
            **super().given(question),
            "unit": self.unit,
            "compared": asked.is_closed,
            "before_months": months,
            "before_days": 0 if months else _days(asked),
            **_bounds("before", before),
            **_bounds("year", year),
        }


def _days(period: Period) -> int:
    return (period.last - period.first).days + 1 if period.first and period.last else 0


def _bounds(name: str, period: Period) -> dict[str, Any]:
    return {
        f"{name}_first": period.first,
        f"{name}_last": period.last,
        f"{name}_starts_at": period.starts_at,
        f"{name}_ends_at": period.ends_at,
    }


def orders_query(question: Question) -> dict[str, str]:
    """Return the query under which the list of orders shows those that count."""
    query = {"status__in": "placed,completed", "currency": str(question.values["currency"])}
    if question.period.first:
        query["placed_at_from"] = question.period.first.isoformat()
    if question.period.last:
        query["placed_at_to"] = question.period.last.isoformat()
    return query


def orders_between(first: Any, last: Any, question: Question) -> Link:
    """Return the list of the orders that count from `first` to `last`, as far as these lie in the period."""
    asked = question.period
    narrowed = Period(max(first, asked.first or first), min(last, asked.last or last))
    return Link("admin:orders_order_changelist", query=orders_query(Question(question.values, narrowed)))
