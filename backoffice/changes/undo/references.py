"""What foreign keys forbid: parents that are gone, and rows that still refer to what would be removed."""

from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from backoffice.changes.rules import RECREATE, REMOVE, RESTORE
from backoffice.changes.undo.plans import Plan, active, run
from backoffice.changes.undo.sentences import escaped
from backoffice.changes.undo.shapes import Reference, quote

CASCADES = (models.CASCADE, models.DB_CASCADE)

MARK_ORPHANS = """
    UPDATE {plan} AS plan SET problem = %s, other = found.parent
    FROM (
        SELECT written.{key} AS key, written.{column}::text AS parent
        FROM {rows} AS written
        WHERE written.{column} IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE parent.{parent_column} = written.{column})
            AND NOT {comes_back}
    ) AS found
    WHERE plan.key = found.key AND {writes}
"""
MARK_REFERRED_TO = """
    UPDATE {plan} AS plan SET problem = %s, other = found.child
    FROM ({referring}) AS found
    WHERE plan.key = found.parent AND {removes}
"""
REFERRING_ROWS = """
    SELECT child.{column} AS parent, min(child.{child_key}::text) AS child
    FROM {child} AS child JOIN {plan} AS removed ON removed.key = child.{column} AND {removed}
    WHERE {stays}
    GROUP BY child.{column}
"""
STAYS = "NOT EXISTS (SELECT 1 FROM {child_plan} AS moving WHERE moving.key = child.{child_key} AND {leaves})"
REFERRING_PLANNED = """
    SELECT written.{column} AS parent, min(written.{child_key}::text) AS child
    FROM {child_rows} AS written JOIN {child_plan} AS mine ON mine.key = written.{child_key} AND {writes}
    GROUP BY written.{column}
"""
MARK_KEPT_TOGETHER = """
    UPDATE {plan} AS plan SET problem = %s, other = found.parent
    FROM (
        SELECT child.{key} AS key, child.{column}::text AS parent
        FROM {table} AS child JOIN {parent_plan} AS parent ON parent.key = child.{column}
        WHERE parent.action = 'remove' AND NOT {parent_removed}
    ) AS found
    WHERE plan.key = found.key AND {removes}
"""
COMES_BACK = "EXISTS (SELECT 1 FROM {plan} AS back WHERE back.key = {key} AND {wanted})"
DELETE_ALONG = """
    DELETE FROM {child} AS child USING {plan} AS plan WHERE child.{column} = plan.key AND {removed}
"""


def check_parent(plan: Plan, reference: Reference, parent: Plan | None) -> int:
    """Mark rows whose parent is gone, and rows to be removed whose parent, made with them, stays."""
    sentence = _("“%(field)s” would be %(other)s, which is gone. Undo its deletion first, or choose another.")
    field = plan.shape.field_of(reference.child_column)
    parts = plan.names | {
        "column": quote(reference.child_column),
        "parent": quote(reference.parent),
        "parent_column": quote(reference.parent_column),
        "comes_back": _in_plan(parent, f"written.{quote(reference.child_column)}", RECREATE),
        "writes": active("plan", RESTORE, RECREATE),
        "removes": active("plan", REMOVE),
    }
    number = plan.problem(sentence % {"field": escaped(field.verbose_name), "other": "%(other)s"}, field.related_model)
    marked = run(MARK_ORPHANS.format(**parts), [number])
    if parent is not None and _goes_along(field):
        number = plan.problem(_("It belongs to %(other)s, which stays."), field.related_model)
        parts |= {"parent_plan": parent.name, "parent_removed": active("parent", REMOVE)}
        marked += run(MARK_KEPT_TOGETHER.format(**parts), [number])
    return marked


def check_child(plan: Plan, reference: Reference, child: Plan | None) -> int:
    """Mark rows to be removed to which other rows refer that stay."""
    if child is None and rows_go_along(reference):
        return 0
    model = model_of(reference.child)
    parts = {
        "plan": plan.name,
        "column": quote(reference.child_column),
        "child": quote(reference.child),
        "child_key": quote(str(model._meta.pk.column) if model else reference.child_column),
        "removed": active("removed", REMOVE),
        "removes": active("plan", REMOVE),
        "stays": "true",
    }
    number = plan.problem(_referred_to_sentence(model, reference), model)
    if child is None:
        return _mark_referred_to(REFERRING_ROWS, parts, number)
    parts |= {
        "child_plan": child.name,
        "child_rows": child.rows,
        "leaves": active("moving", RESTORE, REMOVE),
        "writes": active("mine", RESTORE, RECREATE),
    }
    parts["stays"] = STAYS.format(**parts)
    return sum(_mark_referred_to(each, parts, number) for each in (REFERRING_ROWS, REFERRING_PLANNED))


def _mark_referred_to(referring: str, parts: dict[str, str], number: int) -> int:
    return run(MARK_REFERRED_TO.format(**parts, referring=referring.format(**parts)), [number])


def _referred_to_sentence(model: type[models.Model] | None, reference: Reference) -> str:
    what = model._meta.verbose_name if model else reference.child
    sentence = _("%(other)s (%(what)s) refers to it. Remove or change that first.")
    return sentence % {"other": "%(other)s", "what": escaped(what)}


def model_of(table: str) -> type[models.Model] | None:
    """Return the model that is kept in `table`."""
    found = (model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == table)
    return next(found, None)


def rows_go_along(reference: Reference) -> bool:
    """Whether rows of an untracked child go with their parent: derived rows, which nothing else would remove."""
    model = model_of(reference.child)
    if model is None or hasattr(model, "undo_rules"):
        return False
    return any(f.column == reference.child_column and _goes_along(f) for f in model._meta.concrete_fields)


def _goes_along(field: Any) -> bool:
    return field.is_relation and field.remote_field.on_delete in CASCADES


def _in_plan(plan: Plan | None, key: str, action: str) -> str:
    """Return the condition that the row `key` of another plan is carried out with `action`."""
    if plan is None:
        return "false"
    return COMES_BACK.format(plan=plan.name, key=key, wanted=active("back", action))


def delete_along(plan: Plan) -> None:
    """Delete the untracked rows that are derived from rows to be removed."""
    for reference in plan.shape.children:
        if rows_go_along(reference):
            parts = {"child": quote(reference.child), "column": quote(reference.child_column), "plan": plan.name}
            run(DELETE_ALONG.format(**parts, removed=active("plan", REMOVE)))
