"""The triggers that write history and keep it: made for a model's columns, carried by its migrations."""

from typing import Any

import pgtrigger
from django.apps import apps
from django.db import models
from pgtrigger import compiler, utils

UNCOMPARED = frozenset({"updated_at"})


class TriggerSql(compiler.UpsertTriggerSql):
    """Installation SQL without pgtrigger's ignore switch: nothing that a session sets turns history off."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE TRIGGER {pgid}
                {when} {operation} ON {table}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class StandingTrigger(pgtrigger.Trigger):
    """A trigger that cannot be ignored."""

    def compile(self, model: Any) -> compiler.Trigger:
        return compiler.Trigger(
            name=self.name,
            sql=TriggerSql(
                pgid=self.get_pgid(model),
                declare=self.render_declare(model),
                func=self.render_func(model),
                table=model._meta.db_table,
                when=self.when,
                operation=self.operation,
                referencing=self.referencing or "",
                level=self.level,
                condition=self.render_condition(model),
                execute=self.render_execute(model),
            ),
        )


def live(model: type[models.Model]) -> Any:
    """Return the model as it stands in code; migrations hand over a copy without history."""
    return apps.get_model(model._meta.label_lower)


def stored_columns(model: type[models.Model]) -> list[str]:
    """Return the columns of `model` that are written, quoted; generated ones follow from them."""
    return [utils.quote(field.column) for field in model._meta.concrete_fields if not field.generated]


def compared_columns(model: type[models.Model]) -> list[str]:
    """Return the columns whose change makes a new version."""
    return [column for column in stored_columns(model) if column.strip('"') not in UNCOMPARED]


def recorded(model: type[models.Model], columns: list[str]) -> list[str]:
    """Return those of `columns` that the history table has."""
    return [column for column in columns if column.strip('"') not in live(model).history_excluded]


def _row(alias: str, columns: list[str]) -> str:
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


class HistoryTrigger(StandingTrigger):
    """Write one history row for each row that the statement created, changed or deleted."""

    level = pgtrigger.Statement
    when = pgtrigger.After
    declare = [("changed", "bigint")]
    row: str
    symbol: str

    def get_func(self, model: Any) -> str:
        opts = model._meta
        history = utils.quote(live(model).history.model._meta.db_table)
        columns = recorded(model, stored_columns(model))
        names = ", ".join(columns)
        values = ", ".join(f"{self.row}.{column}" for column in columns)
        return f"""
            INSERT INTO {history} ({names}, history_date, history_type, history_user_id, history_change_reason,
                change_set_id)
            SELECT {values}, (SELECT clock_timestamp()), '{self.symbol}', (SELECT changes_actor()),
                (SELECT changes_reason()), (SELECT changes_current_set())
            {self.get_source(model)};
            GET DIAGNOSTICS changed = ROW_COUNT;
            IF changed > 0 THEN
                PERFORM changes_count('{opts.label_lower}', '{self.symbol}', changed);
            END IF;
            RETURN NULL;
        """

    def get_source(self, model: Any) -> str:
        return f"FROM {self.row}"


class InsertHistory(HistoryTrigger):
    name = "history_insert"
    operation = pgtrigger.Insert
    referencing = pgtrigger.Referencing(new="new_rows")
    row = "new_rows"
    symbol = "+"


class UpdateHistory(HistoryTrigger):
    """Write the new version of each row that is different now.

    The full join is deliberate: transition tables have no statistics, and it is the one join that the
    planner cannot turn into nested loops (20,000 unchanged rows: 53 s nested, 0.3 s hashed). A changed
    primary key leaves an empty new row, which the history table refuses.
    """

    name = "history_update"
    operation = pgtrigger.Update
    referencing = pgtrigger.Referencing(old="old_rows", new="new_rows")
    row = "new_rows"
    symbol = "~"

    def get_source(self, model: Any) -> str:
        key = utils.quote(model._meta.pk.column)
        columns = recorded(model, compared_columns(model))
        return f"""FROM new_rows FULL JOIN old_rows ON new_rows.{key} = old_rows.{key}
            WHERE {_row("new_rows", columns)} IS DISTINCT FROM {_row("old_rows", columns)}"""


class DeleteHistory(HistoryTrigger):
    name = "history_delete"
    operation = pgtrigger.Delete
    referencing = pgtrigger.Referencing(old="old_rows")
    row = "old_rows"
    symbol = "-"


class TouchUpdatedAt(StandingTrigger):
    """Set `updated_at` when, and only when, another stored column changes, whatever wrote it."""

    name = "touch_updated_at"
    when = pgtrigger.Before
    operation = pgtrigger.Update
    func = "NEW.updated_at := clock_timestamp(); RETURN NEW;"

    def render_condition(self, model: Any) -> str:
        columns = compared_columns(model)
        return f"WHEN ({_row('NEW', columns)} IS DISTINCT FROM {_row('OLD', columns)})"


class Refuse(StandingTrigger):
    """Refuse whole statements; `unless` names the SQL condition under which they pass."""

    level = pgtrigger.Statement
    when = pgtrigger.Before
    message: str
    unless = "false"

    def get_func(self, model: Any) -> str:
        return f"""
            IF {self.unless} THEN RETURN NULL; END IF;
            RAISE EXCEPTION '{self.message}', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
        """


# A test database is emptied between tests; its runner says so, transaction by transaction.
TEST_FLUSH = "(current_database() LIKE 'test\\_%' AND current_setting('backoffice.test_flush', true) = 'on')"


class RefuseTruncate(Refuse):
    """Tracked tables cannot be truncated: no trigger could record the rows."""

    name = "refuse_truncate"
    operation = pgtrigger.Truncate
    message = "% keeps its history: % is refused, use DELETE"
    unless = TEST_FLUSH


class AppendOnly(Refuse):
    """Rows are added and stay as they are, outside the erase service."""

    name = "append_only"
    operation = pgtrigger.Update | pgtrigger.Delete
    message = "% is append-only: % is refused"
    unless = "current_setting('backoffice.erase', true) = 'on'"


class AppendOnlyTruncate(RefuseTruncate):
    name = "append_only_truncate"
    message = "% is append-only: % is refused"


TRACKED = [InsertHistory(), UpdateHistory(), DeleteHistory(), TouchUpdatedAt(), RefuseTruncate()]
APPEND_ONLY = [AppendOnly(), AppendOnlyTruncate()]
