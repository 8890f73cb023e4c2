"""What forbids a planned undo: rules of the model, constraints of the database, objects that depend on each other.

Each check marks the objects it forbids with a sentence. An object that is left as it is may in turn forbid others, so
those checks that look at other objects run until they mark nothing more.
"""

from django.utils.translation import gettext as _

from backoffice.changes.undo.constraints import check_row_by_row, check_uniques, swaps_in
from backoffice.changes.undo.plans import Plan, run
from backoffice.changes.undo.references import check_child, check_parent
from backoffice.changes.undo.rulings import check_alone, check_rules

SET_WAVES = """
    UPDATE {plan} AS plan SET wave = found.wave
    FROM unnest(%s::text[], %s::int[]) AS found (key, wave) WHERE plan.key::text = found.key
"""
MARK_CIRCLE = """
    UPDATE {plan} AS plan SET problem = %s
    WHERE plan.key::text = ANY(%s) AND plan.problem IS NULL
"""


def find_problems(plans: dict[str, Plan]) -> None:
    """Mark every object that cannot be undone; `plans` are those of all models of the change set, by table."""
    for plan in plans.values():
        check_rules(plan)
        check_row_by_row(plan)
    while sum(check_among_rows(plan, plans) for plan in plans.values()):
        pass


def check_among_rows(plan: Plan, plans: dict[str, Plan]) -> int:
    """Mark what other objects forbid, as the plans stand now; return how many objects were marked."""
    marked = check_uniques(plan)
    for reference in plan.shape.parents:
        marked += check_parent(plan, reference, plans.get(reference.parent))
    for reference in plan.shape.children:
        marked += check_child(plan, reference, plans.get(reference.child))
    for refusal in plan.shape.rules.refusals:
        if refusal.unless_with:
            marked += check_alone(plan, refusal, plans)
    return marked + order_swaps(plan)


def order_swaps(plan: Plan) -> int:
    """Let a row that gives its key to another be written first; mark those that would swap keys in a circle.

    A unique index is checked row by row, so keys cannot be swapped in one statement.
    """
    waiting = dict(swaps_in(plan))
    waves: dict[object, int] = {}
    wave = 0
    while ready := [key for key, holder in waiting.items() if holder not in waiting]:
        wave += 1
        waves |= dict.fromkeys(ready, wave)
        waiting = {key: holder for key, holder in waiting.items() if key not in waves}
    if waves:
        run(SET_WAVES.format(**plan.names), [[str(key) for key in waves], list(waves.values())])
    if not waiting:
        return 0
    number = plan.problem(_("It would swap its key with others. Change one of them by hand first."))
    return run(MARK_CIRCLE.format(**plan.names), [number, [str(key) for key in waiting]])
