"""Each write pays for each index of its table, so none is there that another one makes needless."""

import pytest
from django.db import connection

from backoffice.changes.completeness import tracked_models

BEGINS_ANOTHER = """
    SELECT lean.indexrelid::regclass::text
    FROM pg_index AS lean JOIN pg_index AS other
        ON other.indrelid = lean.indrelid AND other.indexrelid <> lean.indexrelid
    WHERE lean.indrelid = ANY (%s::text[]::regclass[]) AND NOT lean.indisunique
        AND lean.indpred IS NULL AND lean.indexprs IS NULL AND other.indpred IS NULL AND other.indexprs IS NULL
        AND starts_with(concat(other.indkey, ' '), concat(lean.indkey, ' '))
        AND starts_with(concat(other.indclass, ' '), concat(lean.indclass, ' '))
        AND lean.indnkeyatts <= other.indnkeyatts
"""


@pytest.mark.django_db
def test_no_index_of_a_tracked_table_is_the_beginning_of_another() -> None:
    tables = [model._meta.db_table for model in tracked_models()]
    with connection.cursor() as cursor:
        cursor.execute(BEGINS_ANOTHER, [tables])
        assert cursor.fetchall() == []
