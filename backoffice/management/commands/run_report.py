"""Run a report from the command line."""

import errno
import json
import os
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from backoffice.spreadsheets.writers import replacing
from reports.catalogue import REPORTS
from reports.models import Format, ReportRun
from reports.services import run_report

WRONG_USE = 2


class Command(BaseCommand):
    """Writes the report to a file, keeps the run, and prints one JSON object on one line.

    Exit status 2, with a sentence on standard error, when the report, a parameter or the file is wrong.
    """

    help = "Run a report, write it to a file, and print rows, totals, file and seconds as one line of JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help=f"One of: {', '.join(sorted(REPORTS))}.")
        parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="May be repeated.")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="Ends in .csv, .xlsx or .json.")

    def handle(self, *, slug: str, param: list[str], out: Path, **options: Any) -> None:
        started = time.monotonic()
        try:
            given, file_format = named_values(param), format_of(out)
            require_writable(out)
            run = run_report(report=slug, given=given, file_format=file_format, label=_("Command line"))
            copy_whole(run.path, out)
        except ValidationError as error:
            self.refuse(" ".join(error.messages))
        except OSError as error:
            self.refuse(_("%(file)s cannot be written: %(problem)s.") % {"file": out, "problem": error.strerror})
        else:
            self.stdout.write(json.dumps(summary(run, out, time.monotonic() - started)))

    def refuse(self, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(WRONG_USE)


def named_values(words: list[str]) -> dict[str, str]:
    """Return what `name=value` words say; raises ValidationError for a word of another form, or a name twice."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or name in given:
            raise ValidationError(
                _("Write each --param once, as name=value; “%(word)s” is not."), params={"word": word}
            )
        given[name] = value
    return given


def format_of(out: Path) -> str:
    """Return the format that the ending of the file's name asks for."""
    file_format = out.suffix.lower().removeprefix(".")
    if file_format not in Format.values:
        endings = ", ".join(f".{known}" for known in Format.values)
        raise ValidationError(
            _("The name of the file must end in one of %(endings)s; “%(file)s” does not."),
            params={"endings": endings, "file": out.name},
        )
    return file_format


def require_writable(out: Path) -> None:
    """Raise OSError when no file can take its place at `out`, before a long report is run for nothing."""
    if out.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with tempfile.TemporaryFile(dir=out.parent):
        pass


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that the one at `target` is always whole; one that was there before is replaced."""
    with replacing(target) as copy, source.open("rb") as original:
        shutil.copyfileobj(original, copy)


def summary(run: ReportRun, out: Path, seconds: float) -> dict[str, Any]:
    """Return what is printed about a run."""
    return {"rows": run.row_count, "totals": run.totals, "file": str(out), "seconds": round(seconds, 3)}
