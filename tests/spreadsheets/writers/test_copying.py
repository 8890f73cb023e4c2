import io

import pytest

from backoffice.spreadsheets.writers import Kind, copy_csv, exported_sql

pytestmark = pytest.mark.django_db


def copied(query: str, params: tuple[object, ...] = ()) -> list[str]:
    file = io.BytesIO()
    copy_csv(query, params, file)
    return file.getvalue().decode().splitlines()


def test_a_query_streams_with_its_header_and_its_count():
    file = io.BytesIO()

    assert copy_csv("SELECT n AS number FROM generate_series(1, %s) AS n", (1000,), file) == 1000
    assert file.getvalue().startswith(b"number\n1\n2\n")


def test_a_parameter_is_a_value_never_sql():
    assert copied("SELECT %s::text AS a", ("x'; DROP TABLE users; --",)) == ["a", "x'; DROP TABLE users; --"]


def test_percent_signs_are_kept():
    assert copied("SELECT '50%%' AS a") == ["a", "50%"]
    assert copied("SELECT '50%%' || %s AS a", ("!",)) == ["a", "50%!"]


@pytest.mark.parametrize(
    ("kind", "sql", "text"),
    [
        (Kind.TEXT, "'=1'", "'=1"),
        (Kind.WORDS, "ARRAY['@a','b']", '"\'@a, b"'),
        (Kind.INTEGER, "-5", "-5"),
        (Kind.DECIMAL, "2.5000", "2.5000"),
        (Kind.BOOLEAN, "true", "true"),
        (Kind.DATE, "date '2025-03-01'", "2025-03-01"),
        (Kind.DATETIME, "timestamptz '2025-03-01 09:30:00.25+01'", "2025-03-01 08:30:00.25"),
        (Kind.TEXT, "NULL::text", ""),
    ],
)
def test_sql_exports_each_kind_as_python_does(kind, sql, text):
    assert copied(f"SELECT 'x' AS x, {exported_sql(sql, kind)} AS a")[1] == f"x,{text}"
