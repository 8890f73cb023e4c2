"""What happens to an import: upload, check, confirm, discard; and the same in one go for commands."""

from backoffice.spreadsheets.services.applying import ask_approval, confirm_import, import_file, search_changes
from backoffice.spreadsheets.services.checking import (
    check_as_before,
    check_import,
    discard_import,
    read_again,
    upload_file,
)
from backoffice.spreadsheets.services.files import READING_OPTIONS, Request
from backoffice.spreadsheets.services.leftovers import error_file, kept_error_file, kept_error_files, sweep_imports
from backoffice.spreadsheets.services.rules import (
    can_approve,
    can_ask_approval,
    can_check,
    can_confirm,
    can_discard,
    can_import,
    can_work_on,
)

__all__ = [
    "READING_OPTIONS",
    "Request",
    "ask_approval",
    "can_approve",
    "can_ask_approval",
    "can_check",
    "can_confirm",
    "can_discard",
    "can_import",
    "can_work_on",
    "check_as_before",
    "check_import",
    "confirm_import",
    "discard_import",
    "error_file",
    "import_file",
    "kept_error_file",
    "kept_error_files",
    "read_again",
    "search_changes",
    "sweep_imports",
    "upload_file",
]
