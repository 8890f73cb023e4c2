"""What is different between two runs of a report: rows that came, that went, and cells that changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.catalogue import get_report
from reports.catalogue.base import Column, Report
from reports.formats import from_plain
from reports.kept import kept_lines, names_of
from reports.models import ReportRun


class Fate(models.TextChoices):
    """What became of a row."""

    ADDED = "added", gettext_lazy("Added")
    REMOVED = "removed", gettext_lazy("Removed")
    CHANGED = "changed", gettext_lazy("Changed")
    SAME = "same", gettext_lazy("Unchanged")


@dataclass(frozen=True)
class Difference:
    """A row that differs: its values in the run before and now, of which one is missing if it was added or removed."""

    fate: Fate
    old: list[Any] | None
    new: list[Any] | None

    def cells(self, columns: tuple[Column, ...]) -> list[tuple[Any, Any]]:
        """Return the old and the new value of each column; the same twice where nothing changed."""
        old, new = self.old or self.new or [], self.new or self.old or []
        pairs = zip(old, new, columns, strict=False)
        return [(from_plain(was, column), from_plain(now, column)) for was, now, column in pairs]


@dataclass
class Comparison:
    """How a run differs from one before; `counts` are whole once the differences were read."""

    run: ReportRun
    before: ReportRun
    counts: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))

    @property
    def report(self) -> Report:
        """The report of both runs."""
        return get_report(self.run.report)

    def differences(self) -> Iterator[Difference]:
        """Yield the rows that differ, in the order of the run, those that went at the end.

        Rows are matched by the key of the report. Of the run before, the lines are held as they were written, and read
        only where they differ.
        """
        report = self.report
        self.counts = dict.fromkeys(Fate, 0)
        old = {_key(line, report): line for line in _lines(self.before, report)}
        for line in _lines(self.run, report):
            was = old.pop(_key(line, report), None)
            fate = Fate.ADDED if was is None else Fate.SAME if was == line else Fate.CHANGED
            self.counts[fate] += 1
            if fate is not Fate.SAME:
                yield Difference(fate, orjson.loads(was) if was else None, orjson.loads(line))
        for was in old.values():
            self.counts[Fate.REMOVED] += 1
            yield Difference(Fate.REMOVED, orjson.loads(was), None)


def compare(run: ReportRun, user: Any) -> Comparison:
    """Return the comparison of a run with the one before: of the same report and parameters, and open to `user`.

    Relative periods are compared as they were asked: last month with what was last month then. Raises ValidationError,
    with a sentence, where there is nothing to compare.
    """
    before = ReportRun.objects.before(run).kept().visible_to(user).select_related("schedule").first()
    if run.state != ReportRun.State.SUCCEEDED or not run.rows_path.is_file():
        raise ValidationError(_("The rows of this run are not kept any more. Run the report again."))
    if before is None or not before.rows_path.is_file():
        raise ValidationError(_("There is no run before it with the same parameters whose rows are still kept."))
    if max(run.row_count or 0, before.row_count or 0) > settings.REPORT_COMPARED_ROWS:
        raise ValidationError(
            _("These are more than %(rows)s rows, too many to compare here. Download both files, or ask for less."),
            params={"rows": f"{settings.REPORT_COMPARED_ROWS:,}"},
        )
    return Comparison(run, before)


def _key(line: bytes, report: Report) -> bytes:
    return orjson.dumps(orjson.loads(line)[len(report.columns) :])


def _lines(run: ReportRun, report: Report) -> Iterator[bytes]:
    """Yield the kept rows of a run; raise ValidationError when the report had other columns then."""
    lines = kept_lines(run.rows_path)
    if orjson.loads(next(lines)) != names_of(report):
        raise ValidationError(
            _("The report had other columns when run %(run)s was made. Run it again."), params={"run": run.pk}
        )
    yield from lines
