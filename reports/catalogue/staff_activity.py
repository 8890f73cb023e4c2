"""Staff activity."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Group, Kind, Link, Question, Row
from reports.catalogue.facts import FactsReport, within
from reports.catalogue.parameters import DatesParameters
from reports.periods import local_day

DONE = (
    Column("changes", _("Change sets"), Kind.INTEGER, total=True),
    Column("forms", _("Forms"), Kind.INTEGER, total=True),
    Column("actions", _("Actions"), Kind.INTEGER, total=True),
    Column("imports", _("Imports"), Kind.INTEGER, total=True),
    Column("undone", _("Undone"), Kind.INTEGER, total=True),
    Column("others", _("Other"), Kind.INTEGER, total=True),
    Column("rows_written", _("Rows written"), Kind.INTEGER, total=True),
)


class StaffActivity(FactsReport):
    """Who worked on the desk is personal data of colleagues: what they wrote, never what they looked at."""

    slug = "staff-activity"
    group = Group.DESK
    title = _("Staff activity")
    description = _("What each colleague and each service wrote, as change sets: by forms, actions, imports and undo.")
    permissions = ("reports.run_report", "reports.run_personal_report", "changes.view_changeset")
    parameters = DatesParameters
    columns = (Column("who", _("Who"), blank=_("Nobody named")), *DONE)
    key = ("who", "actor_id")
    behind_columns = (Column("reference", _("Change set"), Kind.CODE), Column("at", _("When"), Kind.DATE), *DONE)
    chart = Chart("bar", label="who", values=("changes",))
    empty_text = _("Nothing was written then. Choose a longer period.")
    facts = f"""
        SELECT 'changes.changeset' AS model, c.id AS pk, '#' || c.id AS reference, {local_day("c.started_at")} AS at,
            coalesce(nullif(u.name, ''), u.email, c.actor_label) AS who, c.actor_id, 1 AS changes,
            (c.kind = 'form')::int AS forms, (c.kind = 'action')::int AS actions, (c.kind = 'import')::int AS imports,
            (c.kind = 'undo')::int AS undone, (c.kind NOT IN ('form', 'action', 'import', 'undo'))::int AS others,
            (SELECT coalesce(sum(rows.value::bigint), 0)::bigint FROM jsonb_each(c.counts) AS models,
                jsonb_each_text(models.value) AS rows) AS rows_written
        FROM changes_changeset c LEFT JOIN accounts_user u ON u.id = c.actor_id
        WHERE {within("c.started_at")}
    """  # noqa: S608
    rows = """
        SELECT who, sum(changes), sum(forms), sum(actions), sum(imports), sum(undone), sum(others),
            sum(rows_written)::bigint, who, actor_id
        FROM facts GROUP BY who, actor_id ORDER BY sum(changes) DESC, who, actor_id
    """

    def drill(self, row: Row, question: Question) -> Link | None:
        """The changes of the colleague."""
        if row[-1] is None:
            return None
        return Link("admin:changes_changeset_changelist", query={"actor__id__exact": str(row[-1])})
