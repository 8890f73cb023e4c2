"""Undo of change sets: a preview, and the undo itself."""

from backoffice.changes.undo.choosing import chosen_of, read_only
from backoffice.changes.undo.compensation import Compensated
from backoffice.changes.undo.previews import Conflict, ConflictField, ModelUndo, Refused, UndoPreview
from backoffice.changes.undo.services import can_undo, preview_undo, undo_change_set, undo_in_force

__all__ = [
    "Compensated",
    "Conflict",
    "ConflictField",
    "ModelUndo",
    "Refused",
    "UndoPreview",
    "can_undo",
    "chosen_of",
    "preview_undo",
    "read_only",
    "undo_change_set",
    "undo_in_force",
]
