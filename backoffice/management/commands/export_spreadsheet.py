"""manage.py export_spreadsheet: write a file that import_spreadsheet takes back."""

import json
import time
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser

from backoffice.desk.exporting import export_template
from backoffice.management.commands.import_spreadsheet import sentence
from backoffice.spreadsheets.exports import export_sheet, parse_condition
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.templates import write_template


class Command(BaseCommand):
    """Prints one JSON object. Exit status: 0 all well, 2 the request is wrong and no file was written."""

    help = "Export a .csv, .csv.gz, .xlsx or .ods file whose import changes nothing, or a .json file."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resource", nargs="?", default="", help="One of: " + ", ".join(resource_names()))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--saved",
            default="",
            metavar="NAME",
            help="In the place of a resource: rows and columns of a template that was kept on the desk,"
            " with the rights that its owner has now. It is recorded as an export of theirs.",
        )
        parser.add_argument(
            "--filter",
            nargs="+",
            action="extend",
            default=[],
            metavar="field=value",
            help="Only rows with this value; 'field>=value' and 'field<=value' too, nothing after = for blank ones.",
        )
        parser.add_argument(
            "--columns", nargs="+", default=[], metavar="FIELD", help="Only these columns; “id” where rows have one."
        )
        parser.add_argument(
            "--template",
            action="store_true",
            help="Write a blank file to fill in; a workbook explains its columns on a second sheet.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        path: Path = options["file"]
        try:
            rows = self.export(path, **options)
        except (ValidationError, OSError) as error:
            self.stderr.write(sentence(error))
            raise SystemExit(2) from error
        said = {"rows": rows, "file": str(path), "seconds": round(time.monotonic() - started, 3)}
        self.stdout.write(json.dumps(said, ensure_ascii=False))

    def export(self, path: Path, **options: Any) -> int:
        """Write the file that was asked for, and return how many rows it has."""
        if bool(options["saved"]) == bool(options["resource"]):
            raise ValidationError("Name either a resource or a saved template.")
        if options["saved"]:
            if options["filter"] or options["columns"] or options["template"]:
                message = "A saved template says itself what it exports; leave --filter, --columns and --template out."
                raise ValidationError(message)
            return export_template(name=options["saved"], path=path)
        if options["template"]:
            return write_template(get_resource(options["resource"]), path)
        conditions = [parse_condition(text) for text in options["filter"]]
        return export_sheet(get_resource(options["resource"]), path, conditions=conditions, chosen=options["columns"])
