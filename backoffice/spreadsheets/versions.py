"""Versions of exported rows: a file says which one it shows, and a row that was edited since is a conflict.

A version is the instant of a row's last change, as a word that no spreadsheet program takes for a number or a date.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, Func, Model, TextField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import CodeValue

VERSION = "row_version"
CONFLICT = "conflict"
WORD = "'v' || to_hex((extract(epoch FROM {}) * 1000000)::bigint)"
VERSION_COLUMN = Column(
    VERSION,
    CodeValue(max_length=32),
    label=gettext_lazy("Row version"),
    help_text=gettext_lazy("From an export. What was edited here since then is refused as a conflict; blank: not."),
)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A column that an import may change: SQL for what the file says, its name in the table, and how it is shown.

    `joins` are what `wanted` needs besides the staged row `r` and the row `t`. `shown` is SQL that turns the value
    `{}` into what people know, `given` the cell of the file where it is not that of the staged row.
    """

    target: str
    wanted: str
    joins: str = ""
    shown: str = "{}"
    given: str = ""


def versioned_by() -> Func:
    """Return the version of a row for the ORM."""
    template = WORD.format("%(expressions)s")
    return Func(F("updated_at"), template=template, output_field=TextField())


def refuse_stale(
    stage: Stage,
    *,
    key: str,
    model: type[Model],
    known_rows: str,
    compared: Mapping[str, Compared],
    params: Mapping[str, object],
) -> None:
    """Refuse each cell that would overwrite what was edited here after the file was exported.

    `known_rows` are the rows that the file's rows may match, as `t`. A field that the file leaves as it is here, or
    that is here as it was at the export, is no conflict, whatever else changed in the row.
    """
    if not stage.has(VERSION):
        return
    history = model.history.model._meta.db_table  # type: ignore[attr-defined]
    stage.refuse(
        VERSION,
        CONFLICT,
        "%(message)s",
        f'{stage.rows} AS r LEFT JOIN {known_rows} WHERE r."{VERSION}" IS NOT NULL AND t.id IS NULL'
        f" AND NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)",
        {"message": _("It was exported, but is not here any more. Empty its row version to create it anew.")},
        value=f'r."{key}"',
    )
    stale = stage.make(
        "stale",
        f"SELECT r.row, t.id, (SELECT max(h.history_id) FROM {history} AS h WHERE h.id = t.id"
        f' AND {WORD.format("h.updated_at")} = r."{VERSION}") AS base'
        f' FROM {stage.rows} AS r JOIN {known_rows} WHERE r."{VERSION}" <> {WORD.format("t.updated_at")}',
    )
    if not stage.fetch(f"SELECT EXISTS (SELECT FROM {stale})")[0][0]:
        return
    for field, column in compared.items():
        here, then = (_words(column, f'{alias}."{column.target}"') for alias in ("t", "base"))
        stage.refuse(
            field,
            CONFLICT,
            f"CASE WHEN base.id IS NULL THEN format(%(unknown)s, {here}) ELSE format(%(edited)s, {then}, {here}) END",
            f"{stage.rows} AS r JOIN {stale} AS stale ON stale.row = r.row"
            f" JOIN {model._meta.db_table} AS t ON t.id = stale.id"
            f" LEFT JOIN {history} AS base ON base.history_id = stale.base {column.joins}"
            f' WHERE ({column.wanted}) IS DISTINCT FROM t."{column.target}"'
            f' AND (base.id IS NULL OR base."{column.target}" IS DISTINCT FROM t."{column.target}")',
            {
                "edited": _(
                    "Edited here since the export: it was “%s” then and is “%s” now."
                    " Write that, or empty the row version to overwrite it."
                ),
                "unknown": _(
                    "Edited here since the export: it is “%s” now, and what it was then is not known."
                    " Write that, or empty the row version to overwrite it."
                ),
                **params,
            },
            value=column.given,
        )


def _words(column: Compared, value: str) -> str:
    shown = column.shown.format(value)
    return f"coalesce(({shown})::text, '–')"
