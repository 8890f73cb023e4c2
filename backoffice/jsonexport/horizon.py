"""Until when the data is complete: no transaction that still runs changes anything before that.

A row's `updated_at` is set when it is written and seen when its transaction commits, so a reader who asks for
what changed since the newest row it saw loses rows of transactions that commit late. `as_of` is the time to ask
from instead:

- Each request for a first page remembers the time and the number of its own transaction. Transactions with
  greater numbers took them later, and so began to write later.
- `as_of` is the newest remembered time whose number is not above that of the oldest transaction still running:
  that of this request, when nobody is writing.
- When none is remembered, it is longer ago than any transaction of the desk lasts.
- An overlap is taken off, for statements that set out and have not written, thus have no number, yet.

Readers get rows again that changed after `as_of`, and lose none. Nothing is held back from them.
"""

from datetime import datetime

from django.conf import settings
from django.db import connection

from backoffice.changes.horizon import OLDEST_WRITER
from backoffice.jobs.registry import MAX_TIME_LIMIT

LONGEST_TRANSACTION = 2 * MAX_TIME_LIMIT

REMEMBER = """
    WITH forgotten AS (DELETE FROM jsonexport_horizon WHERE at < statement_timestamp() - make_interval(secs => %s))
    INSERT INTO jsonexport_horizon (at, xid) VALUES (statement_timestamp(), pg_current_xact_id()::text::bigint)
    ON CONFLICT (xid) DO NOTHING
"""
AS_OF = f"""
    SELECT coalesce(max(at), statement_timestamp() - make_interval(secs => %s)) - make_interval(secs => %s)
    FROM jsonexport_horizon
    WHERE xid <= {OLDEST_WRITER}
"""  # noqa: S608 - no value of anybody is in it


def complete_until() -> datetime:
    """Return the instant up to which every change can be seen now."""
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, [LONGEST_TRANSACTION])
        cursor.execute(AS_OF, [LONGEST_TRANSACTION, settings.JSON_EXPORT_OVERLAP_SECONDS])
        instant: datetime = cursor.fetchone()[0]
    return instant
