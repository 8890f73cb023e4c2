"""What a kind of spreadsheet is: an import-export resource whose rows are merged as a set."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Field as ModelField
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from import_export.resources import ModelResource

from backoffice.spreadsheets.columns import Blank, Column
from backoffice.spreadsheets.guards import Effect, Guard, share_of_rows
from backoffice.spreadsheets.keys import ID, Key, columns_by
from backoffice.spreadsheets.lookups import joins_of, refuse_unknown_words
from backoffice.spreadsheets.merging import CREATE, UPDATE, Merge, default_values
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.versions import VERSION, VERSION_COLUMN, Compared, refuse_stale, versioned_by


@dataclass(frozen=True)
class RowRules:
    """What the rows of one import may do: create only, or change only; and whether blank cells keep what is there."""

    mode: Literal["", "create", "update"] = ""
    blanks: Literal["", "keep"] = ""


class SheetResource(ModelResource):
    """A spreadsheet whose columns are declared as `Column`s, in the order of `Meta.fields`.

    Subclasses say in `build` which rows are refused and what the tables become, all in SQL over the staged rows, and
    in `merges` how each goes in. `build` runs once, at the check; what `merges` returns depends on the mapping alone.
    """

    title: ClassVar[Any] = ""
    listed_as: ClassVar[str] = "pk"  # the way from a row of an export to the row that the desk lists

    versioned: ClassVar[bool] = False  # whether exported rows carry their version
    guards: ClassVar[tuple[Guard, ...]] = ()
    effects: ClassVar[tuple[Effect, ...]] = ()
    by_services: ClassVar[bool] = False  # whether services do the work, a row at a time
    chooses_rules: ClassVar[bool] = False  # whether an import may choose its `rules`
    creates: bool = True  # whether it may create rows, where it chooses what they do
    keys: ClassVar[tuple[Key, ...]] = ()  # by which a file may find rows, the usual one first; none: there is no choice
    renames: ClassVar[bool] = False  # whether rows found by another key may get another usual one
    matched_by: Key | None = None
    rules = RowRules()
    slug = ""  # as the setting SPREADSHEET_RESOURCES has it

    @property
    def columns(self) -> dict[str, Column]:
        """The columns by field name, in their order."""
        columns = {name: self.fields[name] for name in self._meta.fields}
        if self.matched_by:
            columns = columns_by(self.matched_by, self.keys[0], columns, renames=self.renames)
        return columns | ({VERSION: VERSION_COLUMN} if self.versioned else {})

    @property
    def all_columns(self) -> dict[str, Column]:
        """The columns by any of its keys."""
        chosen = {key.field: key.column for key in self.keys if key.column}
        return {name: self.fields[name] for name in self._meta.fields} | chosen | self.columns

    def match_by(self, field: str) -> None:
        """Have rows found by another of the keys; empty: by the usual one. Raises ValidationError."""
        known = {key.field: key for key in self.keys}
        if field and field not in known:
            message = _("Rows of %(kind)s are not found by “%(field)s”. Choose one of: %(known)s.")
            if not known:
                message = _("%(kind)s leave no choice of what finds a row. Leave “%(field)s” out.")
            raise ValidationError(message % {"kind": self.title, "field": field, "known": ", ".join(known)})
        if known:
            self.matched_by = known[field] if field else self.keys[0]

    @property
    def import_permission(self) -> str:
        """The permission that importing this takes."""
        options = self._meta.model._meta
        return f"{options.app_label}.import_{options.model_name}"

    @property
    def export_permissions(self) -> tuple[str, ...]:
        """The permissions that exporting this takes, all of them."""
        permissions: tuple[str, ...] = self._meta.model.export_permissions()
        return permissions

    def export_queryset(self) -> QuerySet[Any]:
        """Return the rows of an export, in its order; the columns' attributes are paths from here."""
        rows: QuerySet[Any] = self._meta.model._default_manager.order_by("pk")
        return rows

    def exported_rows(self) -> QuerySet[Any]:
        """Return the rows of an export with all that its columns show."""
        rows = self.export_queryset()
        return rows.annotate(**{VERSION: versioned_by()}) if self.versioned else rows

    def build(self, stage: Stage) -> None:
        """Refuse what is wrong among the staged rows and work out what each table becomes."""
        raise NotImplementedError

    def merges(self, stage: Stage) -> list[Merge]:
        """Return the merges, in the order in which they run."""
        raise NotImplementedError

    def shown_merge(self, merges: Sequence[Merge]) -> Merge:
        """Return the merge whose rows the preview shows, and guards and effects are about."""
        return merges[-1]

    def labels(self) -> dict[str, str]:
        """Return what people call the columns of the tables; where several fill one, as the first is called."""
        labels: dict[str, str] = {}
        for name, column in self.columns.items():
            if name != VERSION:
                labels.setdefault(column.target, str(column.label))
        return labels

    def row_counts(self, stage: Stage) -> dict[str, int]:
        """Return how many accepted rows of the file create, update and change nothing."""
        return self.merges(stage)[0].counts()

    def finish(self, stage: Stage) -> None:
        """Bring up to date what is derived from the rows that were merged."""

    def known_share(self, field: str, words: Collection[str]) -> float:
        """Return which share of `words` names rows that there are; nothing where the field names none."""
        return 0

    def refuse_several(self, stage: Stage, known_rows: str) -> None:
        """Refuse rows that fit several of the `known_rows`, called `t`, which the key that was chosen allows."""
        key = self.matched_by
        if key is None or key.finds_one:
            return
        names = f't."{self.keys[0].field}"::text ORDER BY t.id'
        fitting = f"SELECT r.row, array_agg({names}) AS names FROM {stage.rows} AS r JOIN {known_rows}"
        stage.refuse(
            key.field,
            "ambiguous",
            f"format(%(message)s, r.\"{key.field}\", array_to_string(several.names[1:5], ', '))",
            f"{stage.rows} AS r JOIN ({fitting} GROUP BY r.row HAVING count(*) > 1) AS several ON several.row = r.row",
            {"message": _("“%s” fits several rows here: %s. Correct it in all but one, or find rows otherwise.")},
        )

    def refuse_repeats(self, stage: Stage, field: str, expression: str, among: str = "") -> None:
        """Refuse all rows whose `field` stands in several; `expression` is SQL for the field of `{alias}`.

        They may be the rows `among` which to look, if not all staged ones.
        """
        rows = among or stage.rows
        message = _("“%s” stands in the rows %s. Keep one of them.")
        repeats = (
            f"SELECT {expression.format(alias='s')} AS word, (array_agg(s.row ORDER BY s.row))[1:5] AS places"
            f" FROM {rows} AS s WHERE s.\"{field}\"::text <> '' GROUP BY 1 HAVING count(*) > 1"
        )
        stage.refuse(
            field,
            "repeated",
            f"format(%(message)s, r.\"{field}\", array_to_string(repeats.places, ', '))",
            f"{rows} AS r JOIN ({repeats}) AS repeats ON repeats.word = {expression.format(alias='r')}",
            {"message": message},
        )


class TableResource(SheetResource):
    """A spreadsheet with one row for each row of one table.

    `key` is the field that tells rows apart and `key_expression` SQL for it, with `{alias}` for the table; where there
    are several `keys`, that of the one which was chosen. The key, and what else in `identity` tells rows apart, is
    written for new rows only. Without `creates` there are no new rows.
    """

    key: str
    key_expression: str
    identity: ClassVar[tuple[str, ...]] = ()
    versioned = True
    chooses_rules = True
    guards: ClassVar[tuple[Guard, ...]] = (share_of_rows(),)

    @property
    def table(self) -> str:
        """The name of the table."""
        return str(self._meta.model._meta.db_table)

    def match_by(self, field: str) -> None:
        super().match_by(field)
        if self.matched_by:
            self.key, self.key_expression = self.matched_by.field, self.matched_by.expression
            self.creates = self.creates and self.matched_by.creates

    def known_rows(self, stage: Stage) -> str:
        """Return the rows that the file's rows may match, as SQL for a FROM clause with the alias `t`."""
        return f"{self.table} AS t ON {self.same_key()}"

    def same_key(self) -> str:
        """Return the SQL condition that a staged row `r` is about the row `t`."""
        return f"{self.key_expression.format(alias='t')} = {self.key_expression.format(alias='r')}"

    def repeats_expression(self) -> str:
        """Return SQL for what no two rows of a file, called `{alias}`, may have in common."""
        return self.key_expression

    def check(self, stage: Stage) -> None:
        """Refuse rows for reasons that only this kind of spreadsheet has."""

    def build(self, stage: Stage) -> None:
        if self.rules.mode == "create" and not self.creates:
            raise ValidationError(_("Rows that are found like this are changed, never created. Leave the mode out."))
        self.refuse_repeats(stage, self.key, self.repeats_expression())
        self.refuse_several(stage, self.known_rows(stage))
        self._refuse_taken(stage)
        for field, column in self._looked_up(stage).items():
            refuse_unknown_words(stage, field, column, self.known_rows(stage))
        if not self.creates or self.rules.mode == "update":
            self._refuse_new(stage)
        else:
            self._refuse_nameless(stage)
            if self.rules.mode == "create":
                self._refuse_known(stage)
        self.check(stage)
        self._refuse_stale(stage)
        columns = self._filled(stage)
        new = "".join(f', {self._new_value(field, column)} AS "{column.target}"' for field, column in columns.items())
        was = "".join(f', t."{column.target}" AS "was_{column.target}"' for column in columns.values())
        updated = self._updated(stage)
        differs = " OR ".join(f'"{name}" IS DISTINCT FROM "was_{name}"' for name in updated) or "false"
        stage.make(
            "main",
            f"SELECT *, CASE WHEN id IS NULL THEN '{CREATE}' ELSE '{UPDATE}' END AS action"
            f" FROM (SELECT r.row, t.id{new}{was} FROM {stage.rows} AS r"
            f" LEFT JOIN {self.known_rows(stage)} {joins_of(self._looked_up(stage))}"
            f" WHERE {_accepted(stage)}) AS wanted"
            f" WHERE id IS NULL OR {differs}",
            default_values(self._meta.model, ()),
        )

    def merges(self, stage: Stage) -> list[Merge]:
        return [
            Merge(
                name=str(self._meta.model._meta.verbose_name_plural),
                model=self._meta.model,
                relation=stage.table("main"),
                inserted=tuple(column.target for column in self._filled(stage).values()),
                updated=self._updated(stage),
                key=f'w."{self.columns[self.key].target}"',
                taken=self.taken(),
                compared=f"{stage.rows} AS r WHERE {_accepted(stage)}",
                shown={
                    column.target: self._shown(column)
                    for column in self._filled(stage).values()
                    if self._model_field(column).related_model
                },
            )
        ]

    def taken(self) -> str:
        """Return the SQL condition that a row `w` to be created is there by now, as `t`."""
        return f"{self.key_expression.format(alias='t')} = {self.key_expression.format(alias='w')}"

    def known_share(self, field: str, words: Collection[str]) -> float:
        column = self.columns[field]
        if column.lookup:
            found = f'(SELECT word FROM ({column.lookup.relation}) AS known) AS t ON t.word = upper(r."{field}")'
        elif field == self.key and column.sql_type == "text" and not self.identity:
            found = f"{self.table} AS t ON {self.same_key()}"
        else:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT count(DISTINCT r."{field}") FROM unnest(%(words)s::text[]) AS r("{field}") JOIN {found}',
                {"words": list(words)},
            )
            return float(cursor.fetchone()[0]) / len(words)

    def _refuse_taken(self, stage: Stage) -> None:
        """Refuse what other rows, here or in the file, have of the keys that were not chosen."""
        for key in self.keys:
            if not key.taken or key.field == self.key or not stage.has(key.field):
                continue
            here, given = key.expression.format(alias="t"), key.expression.format(alias="r")
            wanted = stage.make(
                f"{key.field}wanted",
                f"SELECT r.* FROM {stage.rows} AS r LEFT JOIN {self.known_rows(stage)}"
                f" WHERE r.\"{key.field}\" <> '' AND {here} IS DISTINCT FROM {given}",
            )
            self.refuse_repeats(stage, key.field, key.expression, among=wanted)
            stage.refuse(
                key.field,
                "taken",
                f'format(%(message)s, t."{self.keys[0].field}")',
                f"{wanted} AS r JOIN {self.table} AS t ON {here} = {given} AND {key.among.format(alias='t')}",
                {"message": str(key.taken)},
            )

    def _refuse_nameless(self, stage: Stage) -> None:
        """Refuse new rows without the key that they will be known by."""
        if self.matched_by is None or self.matched_by is self.keys[0]:
            return
        usual = self.keys[0].field
        stage.refuse(
            usual,
            "required",
            f'format(%(message)s, r."{self.key}")',
            f"{stage.rows} AS r LEFT JOIN {self.known_rows(stage)}"
            f' WHERE r."{self.key}" IS NOT NULL AND t.id IS NULL AND r."{usual}" IS NULL',
            {
                "message": _("“%%s” is not here, and a new row needs its %(field)s. Enter that, or correct this.")
                % {"field": self.fields[usual].label}
            },
        )

    def _refuse_known(self, stage: Stage) -> None:
        stage.refuse(
            self.key,
            "known",
            f'format(%(message)s, r."{self.key}")',
            f"{stage.rows} AS r JOIN {self.known_rows(stage)}",
            {"message": _("“%s” is here already, and this import only creates. Take the row out, or allow changes.")},
        )

    def _refuse_new(self, stage: Stage) -> None:
        stage.refuse(
            self.key,
            "unknown",
            f'format(%(message)s, r."{self.key}")',
            f'{stage.rows} AS r LEFT JOIN {self.known_rows(stage)} WHERE r."{self.key}" IS NOT NULL AND t.id IS NULL',
            {"message": _("“%s” is not here, and this import creates nothing. Correct it, or create it first.")},
        )

    def _refuse_stale(self, stage: Stage) -> None:
        looked_up = self._looked_up(stage)
        refuse_stale(
            stage,
            key=self.key,
            model=self._meta.model,
            known_rows=self.known_rows(stage),
            compared={
                field: Compared(
                    target=column.target,
                    wanted=self._new_value(field, column),
                    joins=joins_of({field: column} if field in looked_up else {}),
                    shown=self._shown(column),
                    given=f"array_to_string(r.\"{field}\", ', ')" if column.sql_type.endswith("[]") else "",
                )
                for field, column in self._filled(stage).items()
                if field not in {self.key, *self.identity}
            },
            params=default_values(self._meta.model, ()),
        )

    def _shown(self, column: Column) -> str:
        """Return SQL for how people know the value `{}` of a column; another table's row has the name in exports."""
        related = self._model_field(column).related_model
        if related is None:
            return "array_to_string({}, ', ')" if column.sql_type.endswith("[]") else "{}"
        name = column.attribute.rpartition("__")[2] if "__" in column.attribute else "name"
        return f'(SELECT known."{name}" FROM {related._meta.db_table} AS known WHERE known.id = {{}})'

    def _filled(self, stage: Stage) -> dict[str, Column]:
        return {
            field: column for field, column in self.columns.items() if stage.has(field) and field not in {VERSION, ID}
        }

    def _updated(self, stage: Stage) -> tuple[str, ...]:
        return tuple(
            column.target for field, column in self._filled(stage).items() if field not in {self.key, *self.identity}
        )

    def _looked_up(self, stage: Stage) -> dict[str, Column]:
        return {field: column for field, column in self._filled(stage).items() if column.lookup}

    def _new_value(self, field: str, column: Column) -> str:
        kept = f', t."{column.target}"' if self.rules.blanks == "keep" else ""
        if column.lookup:
            found = f'CASE WHEN "by_{field}".found > 1 THEN t."{column.target}" ELSE "by_{field}".id END'
            return f"coalesce({found}{kept})"
        model_field = self._model_field(column)
        if column.blank is Blank.KEEPS:
            return f'coalesce(r."{field}", t."{column.target}", %({column.target})s)'
        if model_field.null:
            return f'coalesce(r."{field}"{kept})'
        return f"coalesce(r.\"{field}\"{kept}, '{'{}' if column.sql_type.endswith('[]') else ''}')"

    def _model_field(self, column: Column) -> "ModelField[Any, Any]":
        found: ModelField[Any, Any] = next(
            field for field in self._meta.model._meta.concrete_fields if field.column == column.target
        )
        return found


def _accepted(stage: Stage) -> str:
    """Return the SQL condition that nothing is wrong with a staged row `r`."""
    return f"NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)"
