"""One clock for all machines: the database's."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the instant at which the database answers; it moves on inside a transaction, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    return instant
