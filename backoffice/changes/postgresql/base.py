"""Django's PostgreSQL backend, telling each transaction which change set its writes belong to.

The context travels as a transaction-local setting, so it is right behind PgBouncer too, and is gone
with the transaction. It is sent once a transaction, with the first statement, on the bare cursor: it
is no query of the caller's and is not counted as one.
"""

from typing import Any

from django.db import transaction
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

from backoffice.changes.context import current_context

WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "COPY", "TRUNCATE")
SEND_CONTEXT = "SELECT set_config('backoffice.context', %s, true), set_config('backoffice.change_set', '', true)"


class RecordingCursor:
    """Cursor behaviour: the context goes first; a write outside a transaction gets one of its own."""

    db: Any
    cursor: Any

    def execute(self, sql: Any, params: Any = None) -> Any:
        if self._needs_transaction(sql):
            with transaction.atomic(using=self.db.alias):
                return self._recorded_execute(sql, params)
        return self._recorded_execute(sql, params)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        if self._needs_transaction(sql):
            with transaction.atomic(using=self.db.alias):
                self.db.send_change_context(self.cursor)
                return super().executemany(sql, param_list)  # type: ignore[misc]
        self.db.send_change_context(self.cursor)
        return super().executemany(sql, param_list)  # type: ignore[misc]

    def copy(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        self.db.send_change_context(self.cursor)
        return self.cursor.copy(statement, *args, **kwargs)

    def _recorded_execute(self, sql: Any, params: Any) -> Any:
        # Steps of a transaction write nothing, and a failed one takes no other statement.
        if not str(sql).startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            self.db.send_change_context(self.cursor)
        return super().execute(sql, params)  # type: ignore[misc]

    def _needs_transaction(self, sql: Any) -> bool:
        return (
            not self.db.in_atomic_block
            and self.db.get_autocommit()
            and current_context() is not None
            and str(sql).lstrip(" \n\t(").upper().startswith(WRITES)
        )


class ChangeCursorWrapper(RecordingCursor, CursorWrapper):
    """The cursor of every connection."""


class ChangeCursorDebugWrapper(RecordingCursor, CursorDebugWrapper):
    """The cursor while queries are logged."""


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL connection that attributes writes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sent_context: Any = None

    def send_change_context(self, cursor: Any) -> None:
        """Tell the open transaction the current context, unless it knows it already."""
        context = current_context()
        if context is self.sent_context or not self.in_atomic_block or self.needs_rollback:
            return
        with self.wrap_database_errors:
            cursor.execute(SEND_CONTEXT, [context.as_json() if context else ""])
        self.sent_context = context

    def set_autocommit(self, *args: Any, **kwargs: Any) -> None:
        self.sent_context = None
        super().set_autocommit(*args, **kwargs)

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        # A setting made inside the savepoint went with it: send it again.
        self.sent_context = FORGOTTEN

    def make_cursor(self, cursor: Any) -> ChangeCursorWrapper:
        return ChangeCursorWrapper(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> ChangeCursorDebugWrapper:
        return ChangeCursorDebugWrapper(cursor, self)


FORGOTTEN = object()
