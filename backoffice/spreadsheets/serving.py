"""Spreadsheets whose rows are work for a service: the same rules, refusals and side effects as on the desk."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.context import current_context
from backoffice.spreadsheets.merging import CREATE, UNCHANGED, Merge
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.staging import Stage

REFUSED = "refused"


class ServiceResource(SheetResource):
    """A spreadsheet that hands its rows to a service.

    The check does all of them in the order of the file and takes them back, so that every refusal of the service is a
    problem of its row; applying does them for good. `done` is SQL that finds staged rows `r` which were done before:
    they change nothing. Neighbouring rows that agree in all fields of `together` are handed over at once.
    """

    by_services = True
    key: ClassVar[str]
    done: ClassVar[str] = "false"
    together: ClassVar[tuple[str, ...]] = ()

    def perform(self, rows: list[dict[str, Any]], actor: User | None) -> None:
        """Have the service do what the rows say, as dictionaries by field. Raises ValidationError."""
        raise NotImplementedError

    def build(self, stage: Stage) -> None:
        refused = self._rehearse(stage)
        stage.refuse(
            self.key,
            REFUSED,
            "found.message",
            f"{stage.rows} AS r JOIN (SELECT unnest(%(rows)s::int[]) AS row, unnest(%(messages)s::text[]) AS message)"
            " AS found ON found.row = r.row",
            {"rows": list(refused), "messages": list(refused.values())},
        )
        stage.make(
            "main",
            f"SELECT r.*, NULL::bigint AS id, CASE WHEN {self.done} THEN '{UNCHANGED}' ELSE '{CREATE}' END AS action"
            f" FROM {stage.rows} AS r WHERE NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)",
        )

    def merges(self, stage: Stage) -> list[Merge]:
        return [
            Merge(
                name=str(self.title).lower(),
                model=self._meta.model,
                relation=stage.table("main"),
                inserted=tuple(field for field in self.columns if stage.has(field)),
                updated=(),
                key=f'w."{self.key}"',
                taken="false",
                follows=True,
            )
        ]

    def labels(self) -> dict[str, str]:
        return {field: str(column.label) for field, column in self.columns.items()}

    def serve(self, stage: Stage) -> int:
        """Do the work of all accepted rows and return how many they were. Raises ValidationError."""
        context = current_context()
        actor = User.objects.filter(pk=context.actor_id).first() if context else None
        groups = self._groups(stage, f"{stage.table('main')} AS r", _("Writing"))
        return sum(self._serve(rows, actor) for rows in groups)

    def _serve(self, rows: list[dict[str, Any]], actor: User | None) -> int:
        self.perform(rows, actor)
        return len(rows)

    def _rehearse(self, stage: Stage) -> dict[int, str]:
        """Return the sentence with which the service refuses each row that it does not take."""
        refused: dict[int, str] = {}
        source = (
            f"(SELECT r.*, CASE WHEN {self.done} THEN '{UNCHANGED}' ELSE '{CREATE}' END AS action"
            f" FROM {stage.rows} AS r WHERE NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)) AS r"
        )
        with transaction.atomic():
            for rows in self._groups(stage, source, _("Trying each row")):
                sentence = refusal_of(lambda rows=rows: self.perform(rows, None))  # type: ignore[misc]
                if sentence:
                    refused |= {row["row"]: sentence for row in rows}
            transaction.set_rollback(True)
        return refused

    def _groups(self, stage: Stage, source: str, phase: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows that go to the service at once, and tell after each lot how many are done in this `phase`."""
        names = ["row", *self.columns]
        listed = ", ".join(f'r."{name}"' for name in names)
        found = stage.fetch(f"SELECT {listed} FROM {source} WHERE r.action = '{CREATE}' ORDER BY r.row")
        rows = [dict(zip(names, values, strict=True)) for values in found]
        together = self.together or ("row",)
        done = 0
        for _same, lot in groupby(rows, key=lambda row: [row[name] for name in together]):
            group = list(lot)
            yield group
            done += len(group)
            stage.watch(phase, done, len(rows))


def refusal_of(work: Callable[[], None]) -> str:
    """Return why `work` cannot be done, having taken back what it did until then; nothing if it can."""
    try:
        with transaction.atomic():
            work()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except ValidationError as error:
        return " ".join(map(str, error.messages))
    return ""
