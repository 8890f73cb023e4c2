"""manage.py export_spreadsheet: write a file that import_spreadsheet takes back."""

import json
import time
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser

from backoffice.management.commands.import_spreadsheet import sentence
from backoffice.spreadsheets.exports import export_sheet, parse_condition
from backoffice.spreadsheets.registry import get_resource, resource_names
from backoffice.spreadsheets.templates import write_template


class Command(BaseCommand):
    """Prints one JSON object. Exit status: 0 all well, 2 the request is wrong and no file was written."""

    help = "Export a .csv, .csv.gz, .xlsx or .ods file whose import changes nothing, or a .json file."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resource", help="One of: " + ", ".join(resource_names()))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--filter",
            nargs="+",
            action="extend",
            default=[],
            metavar="field=value",
            help="Only rows with this value; 'field>=value' and 'field<=value' too, nothing after = for blank ones.",
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
            conditions = [parse_condition(text) for text in options["filter"]]
            if options["template"]:
                rows = write_template(get_resource(options["resource"]), path)
            else:
                rows = export_sheet(get_resource(options["resource"]), path, conditions=conditions)
        except (ValidationError, OSError) as error:
            self.stderr.write(sentence(error))
            raise SystemExit(2) from error
        said = {"rows": rows, "file": str(path), "seconds": round(time.monotonic() - started, 3)}
        self.stdout.write(json.dumps(said, ensure_ascii=False))
