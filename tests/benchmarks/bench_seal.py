"""Seals: a million versions sealed and verified, what a quiet minute costs, and what the hashes alone would take."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from django.test.utils import override_settings

from backoffice.changes.sealing.services import seal_history
from backoffice.changes.sealing.verification import verify_history
from tests.benchmarks.figures import Figure, peak_memory, seconds

VERSIONS = 1_000_000
WRITE = """
    INSERT INTO catalog_category (name, description, position)
    SELECT 'Category ' || n, 'A description of usual length, which stands for what people write. ' || n, n
    FROM generate_series(%s, %s) AS n
"""
HASH_ALONE = """
    SELECT count(sha256(convert_to(version::text, 'UTF8'))) FROM catalog_historicalcategory AS version
"""


def run() -> Iterator[Figure]:
    """Yield the figures; they stay committed, so that sealing runs in transactions as it does on a desk."""
    with tempfile.TemporaryDirectory() as folder, override_settings(HISTORY_HEADS_FILE=Path(folder) / "heads.log"):
        execute(WRITE, 1, VERSIONS)
        execute("ANALYZE catalog_historicalcategory")
        alone = seconds(lambda: execute(HASH_ALONE))
        yield Figure(name="1,000,000 versions, sealed", ours=seconds(seal_history), limit=alone, budget=60)
        yield Figure(name="1,000,000 versions, verified", ours=seconds(verified), limit=alone, budget=60)
        yield Figure(name="a minute in which nothing was written", ours=seconds(seal_history, times=5), budget=0.1)
        execute(WRITE, VERSIONS + 1, VERSIONS + 100)
        yield Figure(name="a minute of 100 versions", ours=seconds(seal_history), budget=0.2)
        yield Figure(name="peak memory of the verifying process", ours=peak_memory(), budget=300, unit="MiB")


def verified() -> None:
    """Verify, and see that all is well."""
    found = verify_history()
    if found.problems or found.rows < VERSIONS:
        raise ValueError(found)


def execute(statement: str, *params: int) -> None:
    """Execute a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
