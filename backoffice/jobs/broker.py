"""The queue of messages: django-q2's table, with the database's clock, in the order of sending."""

from datetime import timedelta
from time import sleep

from django.conf import settings
from django.db import connections
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf

ONE_CLUSTER = "{queue}@{worker}"
TAKE = """
    UPDATE django_q_ormq SET lock = clock_timestamp() + make_interval(secs => %s)
    WHERE id IN (
        SELECT id FROM django_q_ormq WHERE key = ANY(%s) AND lock <= clock_timestamp()
        ORDER BY lock, id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, payload
"""


class Broker(ORM):
    """Sends a message in the transaction of its sender; hands each message to one cluster at a time.

    Beside the messages of its queue, a cluster takes those that are for it alone.
    """

    delay = timedelta()
    sent: int | None = None

    def enqueue(self, task: str) -> int:
        """Put a message into the queue, to be taken after `delay`; `sent` tells its id."""
        row = self.get_connection().create(
            key=self.list_key or Conf.CLUSTER_NAME, payload=task, lock=Now() + self.delay
        )
        self.sent = int(row.pk)
        return self.sent

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Take the oldest messages, for the time that `retry` gives; wait a moment when there is none."""
        self.get_connection()  # closes a connection that went stale
        with connections[Conf.ORM].cursor() as cursor:
            own = ONE_CLUSTER.format(queue=self.list_key, worker=settings.JOBS_WORKER)
            cursor.execute(TAKE, [Conf.RETRY, [self.list_key, own], Conf.BULK])
            messages: list[tuple[int, str]] = cursor.fetchall()
        if not messages:
            sleep(Conf.POLL)
        return messages or None
