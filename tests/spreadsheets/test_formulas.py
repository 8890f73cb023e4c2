import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from backoffice.spreadsheets.formulas import neutralise, neutralised_sql, restore

AWKWARD = st.text(alphabet="'=+-@\t\r\na ", max_size=8)


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1234", "-5", "@SUM(A1)", "\tx", "\rx", "'=1"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str):
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["", "plain", "a=b", "'tis", "''", "1-2", " =1"])
def test_other_texts_are_exported_as_they_are(text: str):
    assert neutralise(text) == text


@given(st.text() | AWKWARD)
def test_restoring_gives_back_every_text(text: str):
    assert restore(neutralise(text)) == text


@given(AWKWARD)
def test_no_exported_text_begins_like_a_formula(text: str):
    assert neutralise(text)[:1] not in set("=+-@\t\r")


@given(st.sampled_from(["'tis", "plain", "'", "''x"]))
def test_restoring_leaves_other_texts_alone(text: str):
    assert restore(text) == text


TEXTS = ["=1", "'=1", "''-", "'tis", "plain", "", "\tx", "\rx", "@a", "+1", "-1", "a\n=1"]


@pytest.mark.django_db
def test_sql_neutralises_as_python_does():
    query = f"SELECT {neutralised_sql('t')} FROM unnest(%s::text[]) WITH ORDINALITY AS x(t, n) ORDER BY n"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, [TEXTS])
        found = [row[0] for row in cursor.fetchall()]

    assert found == [neutralise(text) for text in TEXTS]
