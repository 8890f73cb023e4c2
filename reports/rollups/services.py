"""Keeping the rollups as the rows are: reckoning in what changed, reckoning all anew, and looking for differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import ngettext

from reports.periods import local_day
from reports.rollups.definitions import (
    ALL_DAYS,
    ALL_MOVES,
    BY_CATEGORY,
    BY_PRODUCT,
    IS_BUILT,
    SALES_ROLLUPS,
    STOCK_COLUMNS,
    STOCK_ROWS,
    STOCK_TITLE,
    THESE_DAYS,
    TOUCHED_MOVES,
    SalesRollup,
    given,
    pending_days,
)

DAYS_NAMED = 5
TABLES = ("reports_rollup", "reports_midnightstock", *(rollup.table for rollup in SALES_ROLLUPS))


@dataclass(frozen=True)
class Changes:
    """What is to be reckoned in: days of orders, products in another category, and products that moved since a day."""

    days: list[date]
    moved: list[int]
    stocked: list[int]
    since: list[date]


def rollups_are_behind() -> bool:
    """Whether something changed that the rollups do not hold yet."""
    ((behind,),) = _rows(f"SELECT NOT {IS_BUILT} OR EXISTS (SELECT FROM reports_rollupchange)")
    return bool(behind)


@transaction.atomic
def refresh_rollups() -> dict[str, int]:
    """Reckon in what changed, or everything where that was not done on the basis of today; return what, in figures.

    A change is taken before the rows are read, so all that it tells of is seen; one that commits later stays, and is
    reckoned in the next time.
    """
    _lock()
    if not _rows(f"SELECT 1 WHERE {IS_BUILT}"):
        return _rebuild()
    changes = _take_changes()
    for rollup in SALES_ROLLUPS:
        _refresh_days(rollup, changes.days)
    _refresh_days(BY_CATEGORY, _days_of(changes.moved))
    _refresh_stock(changes)
    return {"days": len(changes.days), "categories": len(changes.moved), "stock": len(changes.stocked)}


@transaction.atomic
def rebuild_rollups() -> dict[str, int]:
    """Reckon all rollups anew from the rows; return how many rows each has."""
    _lock()
    return _rebuild()


@transaction.atomic
def check_rollups() -> list[str]:
    """Compare all rollups with the rows; return what differs, a sentence each, and have it reckoned anew.

    What changed just now and waits to be reckoned in is left out. Until a difference is mended, reports of these days
    read the rows.
    """
    if not _rows(f"SELECT 1 WHERE {IS_BUILT}"):
        return []
    found = [(rollup.title, _wrong_days(rollup)) for rollup in SALES_ROLLUPS]
    stock = _wrong_stock()
    days = sorted({day for _title, wrong in found for day in wrong})
    _execute(
        "INSERT INTO reports_rollupchange (sold_at)"
        " SELECT (day + time '12:00') AT TIME ZONE %(zone)s FROM unnest(%(days)s::date[]) AS day",
        days=days,
    )
    _execute(
        "INSERT INTO reports_rollupchange (product_id, stocked_at) SELECT product_id, day::timestamp AT TIME ZONE 'UTC'"
        " - interval '1 day' FROM unnest(%(products)s::bigint[], %(since)s::date[]) AS wrong (product_id, day)",
        products=[product for product, _day in stock],
        since=[day for _product, day in stock],
    )
    found.append((STOCK_TITLE, sorted({day for _product, day in stock})))
    return [_in_words(title, wrong) for title, wrong in found if wrong]


def _lock() -> None:
    """Let nobody else reckon until this transaction ends."""
    _execute("SELECT pg_advisory_xact_lock(hashtext('reports_rollup'))")


def _take_changes() -> Changes:
    rows = _rows(f"""
        WITH taken AS (DELETE FROM reports_rollupchange), stocked AS (
            SELECT product_id, min({local_day("stocked_at")}) AS day FROM reports_rollupchange
            WHERE stocked_at IS NOT NULL GROUP BY product_id
        )
        SELECT ARRAY(SELECT day FROM ({pending_days()}) AS pending ORDER BY day),
            ARRAY(
                SELECT DISTINCT product_id FROM reports_rollupchange WHERE product_id IS NOT NULL AND stocked_at IS NULL
            ),
            ARRAY(SELECT product_id FROM stocked ORDER BY product_id),
            ARRAY(SELECT day FROM stocked ORDER BY product_id)
    """)
    return Changes(*rows[0])


def _rebuild() -> dict[str, int]:
    for table in ("reports_rollupchange", *TABLES):
        _execute(f"DELETE FROM {table}")
    counts = {rollup.table: _insert(rollup.table, rollup.columns, ALL_DAYS + rollup.rows) for rollup in SALES_ROLLUPS}
    counts["reports_midnightstock"] = _insert("reports_midnightstock", STOCK_COLUMNS, ALL_MOVES + STOCK_ROWS)
    _execute("INSERT INTO reports_rollup (basis) VALUES (%(basis)s)")
    for table in TABLES:
        _execute(f"ANALYZE {table}")
    return counts


def _refresh_days(rollup: SalesRollup, days: Sequence[date]) -> None:
    if days:
        _execute(f"DELETE FROM {rollup.table} WHERE day = ANY(%(days)s::date[])", days=days)
        _insert(rollup.table, rollup.columns, THESE_DAYS + rollup.rows, days=days)


def _days_of(products: Sequence[int]) -> list[date]:
    """Return the days on which any of `products` was sold."""
    if not products:
        return []
    sold = f"SELECT DISTINCT day FROM {BY_PRODUCT.table} WHERE product_id = ANY(%(products)s::bigint[])"
    return [day for (day,) in _rows(sold, products=products)]


def _refresh_stock(changes: Changes) -> None:
    if changes.stocked:
        touched = {"products": changes.stocked, "since": changes.since}
        _execute(
            "DELETE FROM reports_midnightstock AS s"
            " USING unnest(%(products)s::bigint[], %(since)s::date[]) AS touched (product_id, day)"
            " WHERE s.product_id = touched.product_id AND s.day >= touched.day",
            **touched,
        )
        _insert("reports_midnightstock", STOCK_COLUMNS, TOUCHED_MOVES + STOCK_ROWS, **touched)


def _wrong_days(rollup: SalesRollup) -> list[date]:
    held = f"SELECT {rollup.columns} FROM {rollup.table}"
    differing = f"""{ALL_DAYS}, fresh ({rollup.columns}) AS ({rollup.rows}),
        wrong AS ((SELECT * FROM fresh EXCEPT ALL {held}) UNION ALL ({held} EXCEPT ALL SELECT * FROM fresh))
        SELECT DISTINCT day FROM wrong WHERE {rollup.stands} AND day NOT IN ({pending_days()}) ORDER BY day
    """
    return [day for (day,) in _rows(differing)]


def _wrong_stock() -> list[tuple[int, date]]:
    held = f"SELECT {STOCK_COLUMNS} FROM reports_midnightstock"
    return _rows(f"""{ALL_MOVES}, fresh ({STOCK_COLUMNS}) AS ({STOCK_ROWS}),
        wrong AS ((SELECT * FROM fresh EXCEPT ALL {held}) UNION ALL ({held} EXCEPT ALL SELECT * FROM fresh))
        SELECT product_id, min(day) FROM wrong
        WHERE product_id NOT IN (SELECT product_id FROM reports_rollupchange WHERE stocked_at IS NOT NULL)
        GROUP BY product_id ORDER BY product_id
    """)


def _in_words(title: Any, days: Sequence[date]) -> str:
    named = ", ".join(date_format(day) for day in days[:DAYS_NAMED])
    more = " …" if len(days) > DAYS_NAMED else ""
    sentence = ngettext("%(title)s: %(count)d day (%(days)s).", "%(title)s: %(count)d days (%(days)s).", len(days))
    return sentence % {"title": title, "count": len(days), "days": named + more}


def _insert(table: str, columns: str, rows: str, **params: Any) -> int:
    return _execute(f"INSERT INTO {table} ({columns}) {rows}", **params)


def _execute(sql: str, **params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, given() | params)
        return int(cursor.rowcount)


def _rows(sql: str, **params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given() | params)
        rows: list[Any] = cursor.fetchall()
    return rows
