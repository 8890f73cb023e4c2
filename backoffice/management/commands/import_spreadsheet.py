"""manage.py import_spreadsheet: check a file and, if asked to, write it."""

import json
import time
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.spreadsheets.mapping import WrongMapping
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.services import (
    OPTIONS,
    Request,
    apply_or_ask,
    error_file,
    find_profile,
    hand_in,
    how_read,
    import_file,
    wait_for_decision,
    with_profile,
)

COUNTED = ("rows", "create", "update", "unchanged", "refused", "tables", "problems")
KEPT_AS = {"create": "created", "update": "updated"}
ANSWERED = (*COUNTED, "guards", "effects", "field_counts")
REFUSED_ROWS, WRONG_REQUEST, WARNED, UNDECIDED, DISCARDED = 1, 2, 3, 4, 5
EXIT_STATUS = """Exit status:
  0  all well: checked, or with --apply written
  1  rows are refused, and --only-valid was not given
  2  the file or the request is wrong
  3  nothing was written: it changes more than is usual, and was not told to --accept-warnings,
     or a manager has to approve it
  4  nobody had decided when the time to --wait was up
  5  somebody discarded it"""


class Command(BaseCommand):
    """Prints one JSON object on one line, and ends with a status that scripts can act on."""

    help = (
        "Check a .csv, .csv.gz, .xlsx, .xls or .ods file and print what it would do; with --apply, do it, all in one "
        "transaction. "
        "A column that the file does not have leaves things as they are; what a blank cell does is said for each field "
        "(it clears what can be empty)."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXIT_STATUS, "formatter_class": KeepingLines}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resource", help="One of: " + ", ".join(resource_names()))
        parser.add_argument("file", type=Path)
        parser.add_argument("--apply", action="store_true", help="Write it. Without this nothing is written.")
        parser.add_argument(
            "--only-valid", action="store_true", help="Write the good rows although others are refused."
        )
        parser.add_argument(
            "--accept-warnings",
            action="store_true",
            help="Write it although it changes more than is usual: a large share of the rows, prices by a half.",
        )
        for option, target, meaning in (
            ("--map", "Header", "The column of the file that fills a field; nothing after = leaves the field out."),
            ("--set", "value", "One value in all rows for a field without a column."),
        ):
            parser.add_argument(
                option, nargs="+", action="extend", default=[], type=pair, metavar=f"field={target}", help=meaning
            )
        parser.add_argument(
            "--replace",
            nargs="+",
            action="extend",
            default=[],
            type=replacement,
            metavar="field:word=value",
            help="A word in a field's column that is read as another value: country:GB=United Kingdom.",
        )
        parser.add_argument(
            "--profile",
            default="",
            metavar="NAME",
            help="Understand the file as this profile says, but for what is given here.",
        )
        parser.add_argument("--encoding", default="", help="Instead of the detected one.")
        parser.add_argument("--delimiter", default="", help="Instead of the detected one.")
        parser.add_argument("--sheet", default="", help="Instead of the first visible one that is not empty.")
        parser.add_argument(
            "--header-row", type=int, metavar="N", help="The row with the names of the columns, if titles stand above."
        )
        parser.add_argument("--decimal", choices=[".", ","], default="", help="The sign before decimals.")
        parser.add_argument(
            "--date-order",
            choices=["dmy", "mdy"],
            default="",
            help="Whether 03/04/2026 is in April or in March; without it such a date is refused, unless others tell.",
        )
        parser.add_argument(
            "--key",
            default="",
            metavar="FIELD",
            help="By which field rows are found, where there is a choice: products by barcode, customers by email.",
        )
        parser.add_argument(
            "--mode", choices=["create", "update"], default="", help="Only create, or only change rows."
        )
        parser.add_argument(
            "--blanks", choices=["keep"], default="", help="Let blank cells leave what is there, for all fields."
        )
        parser.add_argument(
            "--as",
            dest="owner",
            default="",
            metavar="EMAIL",
            help="Put it onto the desk in this person's name and with their rights: what is not applied waits there.",
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=0,
            metavar="SECONDS",
            help="With --as: stay until somebody has applied or discarded it, for so long at most.",
        )
        parser.add_argument(
            "--errors",
            type=Path,
            metavar="FILE",
            help="Write the refused rows, if there are any, with their reasons to this .csv or .xlsx file:"
            " corrected, it can be imported again.",
        )
        parser.add_argument("--reason", default="", help="Why; kept with the change set.")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        if options["owner"] or options["wait"]:
            self.hand_in(options, started)
            return
        try:
            outcome, change_set = import_file(
                request=asked(options),
                apply=options["apply"],
                only_valid=options["only_valid"],
                accepted=options["accept_warnings"],
                reason=options["reason"],
                errors=options["errors"],
            )
        except (ValidationError, OSError) as error:
            self.refuse(error, options["resource"])
        if outcome.ignored:
            self.stderr.write(_("These columns fill nothing: %(names)s.") % {"names": ", ".join(outcome.ignored)})
        said = {name: getattr(outcome, name) for name in ANSWERED}
        said |= {"read": outcome.read, "change_set": change_set, "seconds": round(time.monotonic() - started, 3)}
        self.stdout.write(json.dumps(said, ensure_ascii=False, default=str))
        if outcome.refused and not options["only_valid"]:
            raise SystemExit(REFUSED_ROWS)
        if outcome.guards and options["apply"] and not options["accept_warnings"]:
            self.stderr.write(_("Nothing was written: it changes more than is usual. Read the guards."))
            raise SystemExit(WARNED)

    def refuse(self, error: ValidationError | OSError, resource: str) -> NoReturn:
        """Say why it cannot be done, and what fields are called here where one is missing."""
        words = [sentence(error)]
        if isinstance(error, WrongMapping):
            words.append(_("Fields to --map and --set: %(names)s.") % {"names": field_names(resource)})
        self.stderr.write(" ".join(words))
        raise SystemExit(WRONG_REQUEST) from error

    def hand_in(self, options: dict[str, Any], started: float) -> None:
        """Put the file onto the desk, wait if asked to, and tell what became of it."""
        accepted = {"only_valid": options["only_valid"], "accepted": options["accept_warnings"]}
        try:
            owner, request = colleague(options["owner"]), asked(options)
            profile = find_profile(options["profile"], resource=request.resource) if options["profile"] else None
            source = ImportJob.Source.COMMAND
            job = hand_in(request=request, actor=owner, source=source, reason=options["reason"], profile=profile)
            if options["errors"] and job.refused:
                error_file(job=job, actor=owner, path=options["errors"])
            if options["apply"]:
                job = apply_or_ask(job=job, actor=owner, **accepted)
        except (ValidationError, OSError) as error:
            self.refuse(error, options["resource"])
        job = wait_for_decision(job=job, seconds=options["wait"])
        said = {name: getattr(job, KEPT_AS.get(name, name)) for name in ANSWERED}
        said |= {"read": how_read(job.detected), "import": job.pk, "state": job.state, "change_set": job.change_set_id}
        said |= {"seconds": round(time.monotonic() - started, 3)}
        self.stdout.write(json.dumps(said, ensure_ascii=False, default=str))
        if status := status_of(job, **options):
            raise SystemExit(status)


def field_names(resource: str) -> str:
    """Return the names of all fields of a kind of spreadsheet, in one line."""
    return ", ".join(get_resource(resource).all_columns)


def status_of(job: ImportJob, *, apply: bool, wait: float, only_valid: bool, **_options: Any) -> int:
    """Return the exit status for what became of an import that was put onto the desk."""
    if job.state == ImportJob.State.APPLIED:
        return REFUSED_ROWS if job.refused and not (only_valid or job.only_valid) else 0
    if job.state == ImportJob.State.CANCELLED:
        return DISCARDED
    if wait:
        return UNDECIDED
    if job.refused and not only_valid:
        return REFUSED_ROWS
    return WARNED if apply and job.guards else 0


def colleague(email: str) -> User:
    """Return the person of an address. Raises ValidationError."""
    user: User | None = User.objects.active().filter(email__iexact=email).first()
    if user is None:
        message = _("Nobody who works here has the address “%(email)s”. Give one after --as.")
        raise ValidationError(message % {"email": email})
    return user


class KeepingLines(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the lines of the epilog as they are."""


def pair(text: str) -> tuple[str, str]:
    """Return field and value of `field=value`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"“{text}” is not field=value.")
    return name, value


def replacement(text: str) -> tuple[str, str, str]:
    """Return field, word and value of `field:word=value`."""
    names, value = pair(text)
    field, colon, word = names.partition(":")
    if not colon or not word.strip():
        raise ArgumentTypeError(f"“{text}” is not field:word=value.")
    return field, word, value


def words_by_field(replacements: list[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """Return what is replaced in each field; two values for one word would leave one of them out unseen."""
    fields = list(dict.fromkeys(field for field, _word, _value in replacements))
    return {name: by_field([(word, value) for field, word, value in replacements if field == name]) for name in fields}


def asked(options: dict[str, Any]) -> Request:
    """Return what the command line asks for. Raises ValidationError for a field that is named twice."""
    path: Path = options["file"]
    request = Request(
        resource=options["resource"],
        path=path,
        filename=path.name,
        mapped=by_field(options["map"]),
        constants=by_field(options["set"]),
        replaced=words_by_field(options["replace"]),
        options={name: options[name] for name in OPTIONS},
    )
    if options["profile"]:
        return with_profile(request, find_profile(options["profile"], resource=request.resource))
    return request


def by_field(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs as a dictionary; two for one field would leave one of them out unseen."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationError(_("%(field)s is given twice. Give it once.") % {"field": twice})
    return found


def sentence(error: ValidationError | OSError) -> str:
    """Return why it cannot be done, on one line."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return f"{error.filename}: {error.strerror}. Give the path of a file that can be read."
