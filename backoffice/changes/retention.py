"""Letting go of old versions, without a hole that looks like a forgery.

A version may go when it was no longer the newest at the time from which versions are kept: so each object keeps the
version that was in force then, all later ones, and thus its newest. What it was at any later moment can still be told.
Only sealed versions go, and only from ranges that are found as they were sealed; a new seal says what is left. The
change set of the command counts what went.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched, groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils.translation import gettext as _

from backoffice.changes.sealing.canonical import contents, versions_of
from backoffice.changes.sealing.models import Seal
from backoffice.changes.sealing.services import add_seals, check_head, record_head
from backoffice.changes.sealing.witness import PLANNED, open_witness

RANGES_AT_ONCE = 100

OUTDATED = """
    FROM {history} AS version
    WHERE version.history_id > %(after)s AND version.history_id <= %(upto)s AND version.history_date < %(before)s
        AND EXISTS (
            SELECT FROM {history} AS newer
            WHERE newer.{key} = version.{key} AND newer.history_id > version.history_id
                AND newer.history_date < %(before)s
        )
"""
PAST_THE_GUARD = "SELECT set_config('backoffice.erase', %s, true)"
COUNT_IN_SET = "SELECT changes_count(%s, 'pruned', %s)"


COUNT_THEM = f"SELECT count(*) {OUTDATED}"
DELETE_THEM = f"WITH gone AS (DELETE {OUTDATED} RETURNING 1) SELECT count(*) FROM gone"


class HistoryChanged(ValidationError):
    """The versions are not those that were sealed; nothing of them is pruned."""


def count_outdated(*, model: Any, before: datetime) -> int:
    """Return how many versions of `model` would go."""
    return sum(execute_outdated(model, COUNT_THEM, ranges, before) for ranges in sealed_ranges(model, before))


def prune_history(*, model: Any, before: datetime) -> Iterator[int]:
    """Delete the versions of `model` that were outdated before `before`, some ranges in a transaction; yield how many.

    Raises HistoryChanged when a range is not as it was sealed, ChainBroken when the seals are not as recorded.
    """
    for ranges in sealed_ranges(model, before):
        with open_witness(writing=True) as witness:
            check_head(witness)
            with transaction.atomic():
                rows = execute_outdated(model, COUNT_THEM, ranges, before)
                added = prune_ranges(model, ranges, before) if rows else []
                for seal in added:
                    witness.write(seal.number, seal.hash, PLANNED)
            if added:
                record_head(witness, added[-1])
        yield rows


def sealed_ranges(model: Any, before: datetime) -> Iterator[list[Seal]]:
    """Yield the newest seals of the ranges with versions from before `before`, some neighbours at a time."""
    label, history = model._meta.label_lower, model.history.model._base_manager
    last = history.filter(history_date__lt=before).aggregate(last=Max("history_id"))["last"] or 0
    newest = Seal.objects.filter(label=label, upto=OuterRef("upto")).order_by("-number")
    current = Seal.objects.filter(label=label, after__lt=last, number=Subquery(newest.values("number")[:1]))
    found = current.select_related("sealed_columns").order_by("upto")
    for _columns, seals in groupby(found, key=lambda seal: seal.sealed_columns):
        for ranges in batched(seals, RANGES_AT_ONCE):
            yield list(ranges)


def prune_ranges(model: Any, ranges: list[Seal], before: datetime) -> list[Seal]:
    """Delete what is outdated, if all is as it was sealed; seal what is left, and return the new seals."""
    table = versions_of(model)
    then = {seal.upto: (seal.rows, seal.digest) for seal in ranges}
    asked = [(seal.after, seal.upto) for seal in ranges]
    if then != {part.upto: (part.rows, part.digest) for part in contents(table, columns_of(ranges), asked)}:
        sentence = _("%(label)s was changed past its guards: run manage.py verify_history. Nothing more is pruned.")
        raise HistoryChanged(sentence, params={"label": table.label})
    with connection.cursor() as cursor:
        cursor.execute(PAST_THE_GUARD, ["on"])
        rows = execute_outdated(model, DELETE_THEM, ranges, before)
        cursor.execute(PAST_THE_GUARD, [""])
        # The count finds the set only once it is there: the first write of a set makes it.
        cursor.execute("SELECT changes_current_set()")
        cursor.execute(COUNT_IN_SET, [table.label, rows])
    left = contents(table, table.columns, asked)
    return add_seals([(table, part) for part in left if part.rows != then[part.upto][0]], kind=Seal.Kind.PRUNED)


def columns_of(ranges: list[Seal]) -> list[str]:
    """Return the columns by which these ranges, sealed alike, were sealed."""
    return list(ranges[0].sealed_columns.columns)


def execute_outdated(model: Any, statement: str, ranges: list[Seal], before: datetime) -> int:
    """Count or delete the outdated versions of neighbouring ranges; return how many."""
    quote = connection.ops.quote_name
    table = {"history": quote(versions_of(model).name), "key": quote(model._meta.pk.column)}
    asked: dict[str, Any] = {"after": ranges[0].after, "upto": ranges[-1].upto, "before": before}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**table), asked)
        return int(cursor.fetchone()[0])
