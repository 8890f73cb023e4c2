"""Sealing: what was written since the last time, once nothing can be added to it any more.

Numbers of versions are given when rows are written, and seen when their transaction commits. So a range is sealed only
when every transaction that may hold a number in it has ended: each run remembers the greatest numbers (first) and the
number of a transaction of its own (second). A transaction with one of those numbers wrote before, so its own is lower;
once no transaction below the remembered one runs, the range is complete. A transaction that takes hours delays the
seals of that time, and falsifies none. No lock is taken on what people work with.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.changes.horizon import OLDEST_WRITER
from backoffice.changes.sealing.canonical import Contents, SealedTable, contents, last_ids, sealed_tables
from backoffice.changes.sealing.models import NO_HASH, Seal, SealedColumns, SealMark
from backoffice.changes.sealing.witness import Witness, open_witness

logger = logging.getLogger(__name__)

ROWS_IN_A_SEAL = 5_000
SEALS_AT_ONCE = 100
LOOKS, SECONDS_BETWEEN = 3, 0.02

TAKE_MARK = """
    INSERT INTO changes_sealmark (xid, ids) VALUES (pg_current_xact_id()::text::bigint, %s::jsonb)
    ON CONFLICT (xid) DO UPDATE SET ids = excluded.ids
"""
MARKS = f"""
    SELECT max(xid) FILTER (WHERE xid <= {OLDEST_WRITER}), max(xid) FROM changes_sealmark
"""  # noqa: S608 - no value of anybody is in it
REACHED = """
    SELECT label, coalesce((SELECT max(upto) FROM changes_seal WHERE changes_seal.label = asked.label), 0)
    FROM unnest(%s::text[]) AS asked (label)
"""
# Every so many rows a range ends. Numbers that no row has cost nothing, however many there are.
ENDS = """
    SELECT id, number FROM (
        SELECT {key} AS id, row_number() OVER (ORDER BY {key}) AS number FROM {table}
        WHERE {key} > %(after)s AND {key} <= %(upto)s ORDER BY {key} LIMIT %(rows)s * %(seals)s
    ) AS next WHERE number %% %(rows)s = 0 ORDER BY number
"""


class ChainBroken(ValidationError):
    """The chain is not as it was recorded outside the database; nothing is added to it."""


def seal_history() -> int:
    """Seal all that is complete; return how many rows that were. Never called inside another transaction.

    Raises ChainBroken when the newest seal is not the one recorded outside the database.
    """
    rows = 0
    with open_witness(writing=True) as witness:
        check_head(witness)
        take_mark()
        while seals := seal_next():
            record_head(witness, seals[-1])
            rows += sum(seal.rows for seal in seals)
    return rows


def check_head(witness: Witness) -> None:
    """Refuse to go on from a seal that is not the recorded one; record one whose process died before it could."""
    newest, recorded = head(), witness.last()
    if recorded is not None:
        known = Seal.objects.filter(number=recorded.number).values_list("hash", flat=True).first()
        if known != recorded.hash:
            raise ChainBroken(
                _(
                    "The seals in the database are not those recorded in %(path)s. Run manage.py verify_history. "
                    "If the database was restored from a backup, move that file away: a new record begins."
                )
                % {"path": witness.path}
            )
    if newest is not None and (recorded is None or newest.number > recorded.number):
        record_head(witness, newest, done="found")


def record_head(witness: Witness, seal: Seal, *, done: str = "") -> None:
    """Write the newest seal where the database does not reach: into the file and into the log."""
    witness.write(seal.number, seal.hash, done or seal.kind)
    logger.info("The history is sealed: number %s, hash %s", seal.number, seal.hash)


def head() -> Seal | None:
    """Return the newest seal."""
    return Seal.objects.order_by("-number").first()


def take_mark() -> None:
    """Remember the numbers given so far, and after that a transaction: the order is what makes it right."""
    ids = last_ids()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(TAKE_MARK, [SealMark._meta.get_field("ids").get_db_prep_value(ids, connection)])


def seal_next() -> list[Seal]:
    """Seal the next ranges that are complete, in a transaction of its own; return the new seals."""
    with transaction.atomic(durable=True):
        ranges = dict(open_ranges(passed_ids()))
        found = [(table, part) for table, asked in ranges.items() for part in contents(table, table.columns, asked)]
        return add_seals(found, kind=Seal.Kind.SEALED)


def passed_ids() -> dict[str, int]:
    """Return the newest remembered numbers that no transaction can fill up any more; forget those before."""
    passed = passed_mark()
    if passed is None:
        return {}
    SealMark.objects.filter(xid__lt=passed).delete()
    return dict(SealMark.objects.get(xid=passed).ids)


def passed_mark() -> int | None:
    """Return the newest mark that every transaction before it has passed.

    A transaction of another database that is just ending cannot be told from one of this, and holds up for a moment.
    """
    passed = None
    for _look in range(LOOKS):
        with connection.cursor() as cursor:
            cursor.execute(MARKS, [])
            found, newest = cursor.fetchone()
        passed = found if passed is None else max(passed, found or 0)
        if passed == newest:
            break
        time.sleep(SECONDS_BETWEEN)
    return passed


def open_ranges(ids: dict[str, int]) -> Iterator[tuple[SealedTable, list[tuple[int, int]]]]:
    """Yield the tables with ranges up to `ids` that have no seal yet, some of them at a time."""
    tables = sealed_tables()
    with connection.cursor() as cursor:
        cursor.execute(REACHED, [list(tables)])
        reached = dict(cursor.fetchall())
    left = SEALS_AT_ONCE
    for label, table in tables.items():
        if left and reached[label] < ids.get(label, 0):
            ranges = ranges_of(table, reached[label], ids[label], left)
            left -= len(ranges)
            yield table, ranges


def ranges_of(table: SealedTable, after: int, upto: int, seals: int) -> list[tuple[int, int]]:
    """Return the ranges of a table between two numbers, of so many rows each, but no more than `seals`."""
    quote = connection.ops.quote_name
    statement = ENDS.format(table=quote(table.name), key=quote(table.key))
    asked = {"after": after, "upto": upto, "rows": ROWS_IN_A_SEAL, "seals": seals}
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        ends = [end for end, _number in cursor.fetchall()]
    if len(ends) < seals and ends[-1:] != [upto]:
        ends.append(upto)
    return list(pairwise([after, *ends]))


def add_seals(found: Iterable[tuple[SealedTable, Contents]], *, kind: Seal.Kind) -> list[Seal]:
    """Add a seal for each range to the chain; two who try at once cannot both succeed."""
    newest = head()
    number, previous = (newest.number, newest.hash) if newest else (0, NO_HASH)
    shapes: dict[str, SealedColumns] = {}
    seals = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    for table, part in found:
        if table.label not in shapes:
            shapes[table.label] = SealedColumns.objects.get_or_create(columns=list(table.columns))[0]
        number += 1
        seal = Seal(number=number, at=now, kind=kind, label=table.label, sealed_columns=shapes[table.label])
        seal.after, seal.upto, seal.rows, seal.digest = part.after, part.upto, part.rows, part.digest
        seal.previous = previous
        seal.hash = previous = seal.linked_hash()
        seals.append(seal)
    return Seal.objects.bulk_create(seals)
