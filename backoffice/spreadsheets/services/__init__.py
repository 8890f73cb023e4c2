"""What happens to an import: upload, check, confirm, discard; and the same in one go for commands."""

from backoffice.spreadsheets.services.applying import ask_approval, confirm_import, import_file, search_changes
from backoffice.spreadsheets.services.checking import (
    check_as_before,
    check_import,
    discard_import,
    read_again,
    upload_file,
)
from backoffice.spreadsheets.services.files import OPTIONS, Request, how_read
from backoffice.spreadsheets.services.handing import apply_or_ask, hand_in, wait_for_decision
from backoffice.spreadsheets.services.leftovers import error_file, kept_error_file, kept_error_files, sweep_imports
from backoffice.spreadsheets.services.profiles import (
    HeaderChanges,
    can_add_profile,
    can_change_profile,
    can_save_profile,
    can_take_over,
    choose_profile,
    find_profile,
    header_changes,
    is_understood_otherwise,
    save_profile,
    take_over_profile,
    terms_of,
    with_profile,
)
from backoffice.spreadsheets.services.rules import (
    can_approve,
    can_ask_approval,
    can_check,
    can_confirm,
    can_discard,
    can_import,
    can_work_on,
)
from backoffice.spreadsheets.services.watching import TELL_OWNER, take_arrivals, watched_folder

__all__ = [
    "OPTIONS",
    "TELL_OWNER",
    "HeaderChanges",
    "Request",
    "apply_or_ask",
    "ask_approval",
    "can_add_profile",
    "can_approve",
    "can_ask_approval",
    "can_change_profile",
    "can_check",
    "can_confirm",
    "can_discard",
    "can_import",
    "can_save_profile",
    "can_take_over",
    "can_work_on",
    "check_as_before",
    "check_import",
    "choose_profile",
    "confirm_import",
    "discard_import",
    "error_file",
    "find_profile",
    "hand_in",
    "header_changes",
    "how_read",
    "import_file",
    "is_understood_otherwise",
    "kept_error_file",
    "kept_error_files",
    "read_again",
    "save_profile",
    "search_changes",
    "sweep_imports",
    "take_arrivals",
    "take_over_profile",
    "terms_of",
    "upload_file",
    "wait_for_decision",
    "watched_folder",
    "with_profile",
]
