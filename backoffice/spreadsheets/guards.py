"""Guard rails: what an import does that is rarely meant, and what it does to money and stock.

A guard counts rows of the main table of an import. Beyond its limit the import waits for a second confirmation, and
beyond the larger one for a manager. The setting SPREADSHEET_GUARDS changes both, by "resource.guard".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import ngettext, ngettext_lazy

from backoffice.spreadsheets.merging import UPDATE, Merge
from backoffice.spreadsheets.staging import Stage


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What to look out for among the staged rows `w`: `condition` is SQL, and `needs` the columns that it reads.

    It trips when it holds for more than `allowed` rows, and wants a manager when for more than `managed`. The
    condition and the sentence may name the `limit`. With `of_all` the rows are counted in per cent of the table.
    """

    name: str
    condition: str
    sentence: Any
    needs: tuple[str, ...] = ()
    limit: int = 0
    allowed: int = 0
    managed: int
    of_all: bool = False
    least: int = 0

    def tuned(self, resource: str) -> "Guard":
        """Return the guard with the limits that the settings give it for a kind of spreadsheet."""
        limits: dict[str, Any] = settings.SPREADSHEET_GUARDS.get(f"{resource}.{self.name}", {})
        return replace(self, **limits)

    def tripped(self, merge: Merge, stage: Stage) -> dict[str, Any] | None:
        """Return what people are told about the rows that a merge would write, if there are too many of them."""
        condition = self.condition.format(limit=self.limit)
        [(count,)] = stage.fetch(f"SELECT count(*) FROM {merge.relation} AS w WHERE {condition}")
        if count <= self.least:
            return None
        measured, total = count, 0
        if self.of_all:
            [(total,)] = stage.fetch(f"SELECT count(*) FROM {merge.table}")
            measured = count * 100 / total
        if measured <= self.allowed:
            return None
        said = {"count": count, "total": f"{total:,}", "limit": self.limit, "percent": round(measured)}
        return {
            "name": self.name,
            "count": count,
            "sentence": str(self.sentence % said),
            "approval": measured > self.managed,
        }


def share_of_rows(*, allowed: int = 30, managed: int = 80, least: int = 20) -> Guard:
    """Return the guard against a file that changes much of a table; a handful of rows is never much."""
    return Guard(
        name="share",
        condition=f"w.action = '{UPDATE}'",
        sentence=ngettext_lazy(
            "%(count)s row would change, %(percent)s %% of the %(total)s there are.",
            "%(count)s rows would change, %(percent)s %% of the %(total)s there are.",
            "count",
        ),
        allowed=allowed,
        managed=managed,
        of_all=True,
        least=least,
    )


def jump(column: str, *, limit: int = 50, managed: int = 100) -> Guard:
    """Return the guard against amounts that change by more than `limit` per cent."""
    return Guard(
        name=f"{column}_jump",
        condition=f"w.action = '{UPDATE}' AND w.was_{column} > 0"
        f" AND abs(w.{column} - w.was_{column}) * 100 > w.was_{column} * {{limit}}",
        sentence=ngettext_lazy(
            "%(count)s price changes by more than %(limit)s %%.",
            "%(count)s prices change by more than %(limit)s %%.",
            "count",
        ),
        needs=(column,),
        limit=limit,
        managed=managed,
    )


def falls_to_zero(column: str, sentence: Any, *, managed: int) -> Guard:
    """Return the guard against a value that becomes 0."""
    return Guard(
        name=f"zero_{column}",
        condition=f"w.action = '{UPDATE}' AND w.{column} = 0 AND w.was_{column} > 0",
        sentence=sentence,
        needs=(column,),
        managed=managed,
    )


def tripped_guards(name: str, guards: Iterable[Guard], merge: Merge, stage: Stage) -> list[dict[str, Any]]:
    """Return what each guard that trips says, of those that have the columns they need."""
    written = {*merge.updated}
    tripped = (guard.tuned(name).tripped(merge, stage) for guard in guards if written.issuperset(guard.needs))
    return [found for found in tripped if found is not None]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A sum over the staged rows `w` and the rows `t` that they change: what the import does to money or stock."""

    label: Any
    total: str
    needs: tuple[str, ...] = ()
    is_money: bool = False


def effects_of(effects: Iterable[Effect], merge: Merge, stage: Stage) -> list[dict[str, Any]]:
    """Return label and text of each sum that is not zero."""
    wanted = [effect for effect in effects if {*merge.updated}.issuperset(effect.needs)]
    if not wanted:
        return []
    totals = ", ".join(effect.total for effect in wanted)
    [row] = stage.fetch(
        f"SELECT {totals} FROM {merge.relation} AS w LEFT JOIN {merge.table} AS t ON t.id = w.id"
        " WHERE w.action <> 'unchanged'"
    )
    return [_told(effect, total) for effect, total in zip(wanted, row, strict=True) if total]


def _told(effect: Effect, total: Any) -> dict[str, Any]:
    if effect.is_money:
        return {"label": str(effect.label), "text": f"{Decimal(total):+,.2f} {settings.CURRENCY}"}
    words = ngettext("%(count)s unit", "%(count)s units", abs(int(total)))
    return {"label": str(effect.label), "text": words % {"count": f"{int(total):+,}"}}


def field_counts(merges: Iterable[Merge], labels: dict[str, str]) -> list[dict[str, Any]]:
    """Return how many rows change in each column, most first, by table."""
    return [
        {"table": merge.name, "field": labels.get(name, _plain(name)), "count": count}
        for merge in merges
        for name, count in sorted(_counted(merge), key=lambda counted: -counted[1])
        if count
    ]


def _counted(merge: Merge) -> Iterator[tuple[str, int]]:
    return zip(merge.updated, merge.changed_columns(), strict=True)


def _plain(column: str) -> str:
    return column.removesuffix("_id").replace("_", " ")
