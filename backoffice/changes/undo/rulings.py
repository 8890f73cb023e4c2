"""What the rules of a model forbid."""

from collections.abc import Sequence
from typing import Any

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from backoffice.changes.diff import history_of
from backoffice.changes.rules import RECREATE, REMOVE, UndoRefusal
from backoffice.changes.undo.plans import Plan, active, run
from backoffice.changes.undo.sentences import escaped
from backoffice.changes.undo.shapes import quote

MARK = "UPDATE {plan} AS plan SET {effect} WHERE plan.problem IS NULL AND plan.action <> 'nothing' AND {condition}"
LIVING = "SELECT key FROM {plan} WHERE action <> 'recreate'"
GONE = "SELECT before_id FROM {plan} WHERE action = 'recreate'"
ALONE = """
    NOT EXISTS (
        SELECT 1 FROM {table} AS child JOIN {parent_plan} AS parent ON parent.key = child.{column}
        WHERE child.{key} = plan.key AND {parent_removed}
    )
    AND NOT EXISTS (
        SELECT 1 FROM {rows} AS child JOIN {parent_plan} AS parent ON parent.key = child.{column}
        WHERE child.{key} = plan.key AND {parent_recreated}
    )
"""


def check_rules(plan: Plan) -> None:
    """Mark what the model itself forbids, and what cannot be known any more."""
    _refuse(plan, UndoRefusal(_("The version before is no longer kept.")), "plan.lost")
    if plan.shape.rules.keeps_sentence:
        _refuse(plan, UndoRefusal(plan.shape.rules.keeps_sentence), "plan.held_changed")
    for refusal in plan.shape.rules.refusals:
        if not refusal.unless_with:
            _refuse(plan, refusal)


def check_alone(plan: Plan, refusal: UndoRefusal, plans: dict[str, Plan]) -> int:
    """Mark rows that may only go or come together with the row that `unless_with` points to; return how many."""
    field: Any = plan.shape.model._meta.get_field(refusal.unless_with)
    parent = plans.get(field.related_model._meta.db_table)
    if parent is None:
        return _refuse(plan, refusal)
    condition = ALONE.format(
        **plan.names,
        column=quote(field.column),
        parent_plan=parent.name,
        parent_removed=active("parent", REMOVE),
        parent_recreated=active("parent", RECREATE),
    )
    return _refuse(plan, refusal, condition)


def _refuse(plan: Plan, refusal: UndoRefusal, condition: str = "true") -> int:
    """Mark the rows that a refusal is about and for which `condition` holds; return how many."""
    effect = "action = 'nothing', conflict = false"
    if refusal.sentence:
        effect = f"problem = {plan.problem(escaped(refusal.sentence))}"
    actions = ", ".join(f"'{action}'" for action in refusal.actions)
    matching, params = _matching(plan, refusal)
    chosen = f"plan.action IN ({actions}) AND {matching} AND {condition}"
    return run(MARK.format(**plan.names, effect=effect, condition=chosen), params)


def _matching(plan: Plan, refusal: UndoRefusal) -> tuple[str, Sequence[Any]]:
    """Return the condition, with parameters, that a row matches `when`: now, or when it was deleted."""
    when = refusal.when
    if when is None:
        return "true", []
    model = plan.shape.model
    found = [model._base_manager.filter(when, pk__in=_keys(plan, LIVING))]
    if RECREATE in refusal.actions:
        found.append(history_of(model).filter(when, history_id__in=_keys(plan, GONE)))
    statements = [rows.order_by().values(model._meta.pk.attname).query.sql_with_params() for rows in found]
    union = " UNION ALL ".join(sql for sql, _params in statements)
    return f"plan.key IN ({union})", [param for _sql, params in statements for param in params]


def _keys(plan: Plan, query: str) -> RawSQL:
    return RawSQL(query.format(**plan.names), [])  # noqa: S611 (nothing in it comes from outside)
