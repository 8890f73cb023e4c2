"""manage.py undo: show what undoing a change set would do and, if asked to, do it."""

import json
import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import UndoPreview, preview_undo, read_only, undo_change_set

FIGURES = ("restored", "recreated", "removed", "compensated", "already", "conflicts", "refusals")
EXAMPLES = 20


class Command(BaseCommand):
    """Prints one JSON object. Exit status: 0 all well, 1 something cannot be undone, 2 the request is wrong."""

    help = (
        "Show what taking a change set back would do: objects restored, re-created, removed, those that changed since "
        "(conflicts), and those that may not be undone (refusals). With --apply, do it, all in one transaction."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("change_set", type=int, help="Its number.")
        parser.add_argument("--apply", action="store_true", help="Do it. Without this nothing is written.")
        parser.add_argument(
            "--conflicts",
            choices=["skip", "fail"],
            default="fail",
            help="With conflicts or refusals: undo the rest, or nothing (the default).",
        )
        parser.add_argument(
            "--only",
            action="append",
            metavar="app.model:key",
            help="Only this object, and what belongs to it; may be given several times.",
        )
        parser.add_argument("--reason", default="", help="Why; kept with the change set.")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        change_set = ChangeSet.objects.filter(pk=options["change_set"]).first()
        if change_set is None:
            self.stderr.write(_("There is no change set %(number)s.") % {"number": options["change_set"]})
            raise SystemExit(2)
        only = read_only(options["only"] or ())
        try:
            preview = preview_undo(change_set, only=only, examples=EXAMPLES)
        except ValidationError as error:
            self.stderr.write(" ".join(error.messages))
            raise SystemExit(2) from error
        said = said_of(preview) | {"undo": None, "sentence": ""}
        status = 1 if preview.total("conflicts") + preview.total("refusals") else 0
        if options["apply"]:
            try:
                undo = undo_change_set(
                    change_set=change_set,
                    actor=None,
                    reason=options["reason"],
                    conflicts=options["conflicts"],
                    only=only,
                )
            except ValidationError as error:
                status, said["sentence"] = 1, " ".join(error.messages)
            else:
                status, said["undo"] = 0, undo.pk
        said["seconds"] = round(time.monotonic() - started, 3)
        self.stdout.write(json.dumps(said, ensure_ascii=False, default=str))
        if status:
            raise SystemExit(status)


def said_of(preview: UndoPreview) -> dict[str, Any]:
    """Return the figures of a preview, in all and of each model, with the first conflicts and refusals."""
    return {
        "change_set": preview.change_set.pk,
        **{name: preview.total(name) for name in FIGURES},
        "models": {
            each.model._meta.label_lower: {name: getattr(each, name) for name in FIGURES} for each in preview.models
        },
        "conflicting": [
            {"object": conflict.label, "changed_by": conflict.changed_by} for conflict in preview.conflicts[:EXAMPLES]
        ],
        "refused": [{"object": each.label, "sentence": each.sentence} for each in preview.refusals[:EXAMPLES]],
    }
