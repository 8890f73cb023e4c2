"""The oldest transaction that may still write here: what began to write before it has ended."""

# SQL for the number of the oldest transaction that is writing in this database, or else of the next one.
# The server numbers the transactions of all its databases in one row, and the snapshot lists those that run below its
# upper end. Left out are those that hold the lock on their number from another database; one that cannot be placed
# stays in, which delays and falsifies nothing. A caller whose own transaction has written stands beyond that end: for
# it, those beyond it count too, as far as they hold their lock.
OLDEST_WRITER = """
    (WITH snapshot AS MATERIALIZED (
        SELECT pg_current_snapshot() AS taken, pg_current_xact_id_if_assigned()::text::bigint AS own
    ), numbers AS (
        SELECT own, pg_snapshot_xmax(taken)::text::bigint AS upper FROM snapshot
    ), holders AS MATERIALIZED (
        SELECT lock.transactionid::text::bigint AS low, holder.datname = current_database() AS is_here
        FROM pg_locks AS lock JOIN pg_stat_activity AS holder USING (pid)
        WHERE lock.locktype = 'transactionid' AND lock.mode = 'ExclusiveLock'
    ), writers AS (
        SELECT pg_snapshot_xip(taken)::text::bigint AS number FROM snapshot
        UNION ALL
        SELECT number FROM numbers, generate_series(upper, own - 1) AS number
        WHERE number %% 4294967296 IN (SELECT low FROM holders WHERE is_here)
    )
    SELECT coalesce(min(number), (SELECT greatest(upper, own) FROM numbers)) FROM writers
    WHERE number %% 4294967296 NOT IN (SELECT low FROM holders WHERE NOT is_here))
"""
