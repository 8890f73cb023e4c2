"""Match keys: the fields by which the rows of a file find those that are here."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Blank, Column
from backoffice.spreadsheets.values import IntegerValue

ID = "id"
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Key:
    """A field that tells rows apart, and SQL for it, with `{alias}` for the table or for the staged rows.

    `column` is how a file gives it where it is chosen in the place of the usual key. `taken` says of which other row
    a value is, with one %s for that, where the table keeps it unique, `among` the rows of this SQL condition; without
    `taken` several rows may share it, and a row of a file that fits several of them is refused. Without `creates` rows
    that it does not find are refused.
    """

    field: str
    expression: str
    column: Column | None = None
    taken: Any = ""
    among: str = "true"
    creates: bool = True

    @property
    def finds_one(self) -> bool:
        """Whether no two rows of the table share it."""
        return bool(self.taken) or self.field == ID


def by_id() -> Key:
    """Return the key that is in no file but exports of ours: the number that the desk itself gives each row."""
    column = Column(
        ID,
        IntegerValue(minimum=1, maximum=LARGEST_ID, required=True),
        label=_("ID"),
        required=True,
        sql_type="bigint",
        help_text=_("From an export that has this column."),
    )
    return Key(field=ID, expression="{alias}.id", column=column, creates=False)


def columns_by(chosen: Key, usual: Key, columns: Mapping[str, Column], *, renames: bool) -> dict[str, Column]:
    """Return the columns of a file whose rows are found by `chosen` in the place of the `usual` key.

    Where that `renames`, the usual key is a column like others, which new rows alone need.
    """
    if chosen.column is None:
        return dict(columns)
    others = {name: column for name, column in columns.items() if name not in {chosen.field, usual.field}}
    named = {usual.field: _optional(columns[usual.field])} if renames else {}
    return {chosen.field: chosen.column, **named, **others}


def _optional(column: Column) -> Column:
    optional = copy(column)
    optional.required, optional.blank = False, Blank.KEEPS
    optional.convert = replace(column.convert, required=False)
    optional.help_text = _("A new row needs it. One that is here is called so from then on; blank, it stays.")
    return optional
