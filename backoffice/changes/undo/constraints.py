"""What the constraints of a table itself forbid: empty columns, CHECKs, unique keys."""

from typing import Any

from backoffice.changes.rules import RECREATE, REMOVE, RESTORE
from backoffice.changes.undo.plans import Plan, active, rows_of, run
from backoffice.changes.undo.sentences import check_sentence, empty_sentence, unique_sentence
from backoffice.changes.undo.shapes import Unique, quote

MARK_NULLS_AND_CHECKS = """
    UPDATE {plan} AS plan SET problem = found.problem
    FROM (SELECT {key} AS key, CASE {cases} END AS problem FROM {rows}) AS found
    WHERE plan.key = found.key AND plan.problem IS NULL AND found.problem IS NOT NULL
"""
# Rows that move away or are removed hold nothing; their new keys are compared among the rows to be written.
MARK_TAKEN = """
    UPDATE {plan} AS plan SET problem = %s, other = found.other
    FROM (
        SELECT written.key, min(held.key::text) AS other
        FROM (SELECT {key} AS key, {keys} FROM {rows} WHERE {predicate}) AS written
        JOIN {plan} AS mine ON mine.key = written.key AND {writes}
        JOIN (SELECT {key} AS key, {keys} FROM {table} WHERE {predicate}) AS held
            ON {equal} AND held.key <> written.key
        WHERE NOT EXISTS (SELECT 1 FROM {plan} AS leaving WHERE leaving.key = held.key AND {leaves})
        GROUP BY written.key
    ) AS found
    WHERE plan.key = found.key
"""
MARK_TWINS = """
    UPDATE {plan} AS plan SET problem = %s, other = found.other
    FROM (
        SELECT written.key, min(held.key)::text AS other
        FROM (SELECT {key} AS key, {keys} FROM {rows} WHERE {predicate}) AS written
        JOIN (SELECT {key} AS key, {keys} FROM {rows} WHERE {predicate}) AS held
            ON {equal} AND held.key < written.key
        JOIN {plan} AS mine ON mine.key = written.key AND {writes}
        JOIN {plan} AS twin ON twin.key = held.key AND {twin_writes}
        GROUP BY written.key
    ) AS found
    WHERE plan.key = found.key
"""
SWAPS = """
    SELECT written.key, held.key
    FROM (SELECT {key} AS key, {keys} FROM {rows} WHERE {predicate}) AS written
    JOIN {plan} AS mine ON mine.key = written.key AND {restores}
    JOIN (SELECT {key} AS key, {keys} FROM {table} WHERE {predicate}) AS held
        ON {equal} AND held.key <> written.key
    JOIN {plan} AS leaving ON leaving.key = held.key AND {moves}
"""


def check_row_by_row(plan: Plan) -> None:
    """Mark rows that a CHECK or NOT NULL constraint of the table would refuse."""
    cases = [
        f"WHEN {quote(column)} IS NULL THEN {plan.problem(empty_sentence(plan.shape.field_of(column)))}"
        for column in plan.shape.filled
    ]
    cases += [
        f"WHEN NOT ({expression}) THEN {plan.problem(check_sentence(plan.shape.model, name))}"
        for name, expression in plan.shape.checks.items()
    ]
    if cases:
        run(MARK_NULLS_AND_CHECKS.format(**plan.names, cases=" ".join(cases)))


def check_uniques(plan: Plan) -> int:
    """Mark rows whose new key another row holds, or would get too; return how many."""
    marked = 0
    for unique in plan.shape.uniques:
        parts = _parts(plan, unique)
        number = plan.problem(unique_sentence(plan.shape.model, unique), plan.shape.model)
        marked += run(MARK_TAKEN.format(**parts), [number]) + run(MARK_TWINS.format(**parts), [number])
    return marked


def swaps_in(plan: Plan) -> list[tuple[Any, Any]]:
    """Return pairs (row, row that holds its new key now and will leave it): the second must be written first."""
    return [pair for unique in plan.shape.uniques for pair in rows_of(SWAPS.format(**_parts(plan, unique)))]


def _parts(plan: Plan, unique: Unique) -> dict[str, str]:
    if unique.nulls_equal:
        # A join on IS NOT DISTINCT FROM cannot be hashed; the text of a row with NULLs is equal when the row is.
        keys, equal = f"ROW({', '.join(unique.keys)})::text AS k0", "held.k0 = written.k0"
    else:
        keys = ", ".join(f"{key} AS k{n}" for n, key in enumerate(unique.keys))
        equal = " AND ".join(f"held.k{n} = written.k{n}" for n in range(len(unique.keys)))
    return plan.names | {
        "keys": keys,
        "equal": equal,
        "predicate": unique.predicate,
        "writes": active("mine", RESTORE, RECREATE),
        "twin_writes": active("twin", RESTORE, RECREATE),
        "restores": active("mine", RESTORE),
        "leaves": active("leaving", RESTORE, REMOVE),
        "moves": active("leaving", RESTORE),
    }
