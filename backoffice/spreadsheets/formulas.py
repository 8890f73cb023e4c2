"""Texts that a spreadsheet program would take for formulas.

A text that begins with = + - @, a tab or a carriage return gets an apostrophe in front wherever it is exported, which
makes it text for every spreadsheet program, and loses it again when it is imported. A text that already begins with
apostrophes and then one of these gets one more, so that restoring is exact for every text. Numbers stay numbers.
"""

import re

from django.db.models import Case, F, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.db.models.lookups import Regex

APOSTROPHE = "'"
FORMULA_SIGNS = "=+-@\t\r"
NEUTRALISABLE = re.compile(rf"'*[{re.escape(FORMULA_SIGNS)}]")
NEUTRALISED = re.compile(rf"'+[{re.escape(FORMULA_SIGNS)}]")
# A character decides most texts at once; the pattern, 200 ns, is for the few others.
SUSPICIOUS = frozenset(FORMULA_SIGNS + APOSTROPHE)


def neutralise(text: str) -> str:
    """Return the text as it is exported. `restore(neutralise(text)) == text` for every text."""
    if text[:1] in SUSPICIOUS and NEUTRALISABLE.match(text):
        return APOSTROPHE + text
    return text


def restore(text: str) -> str:
    """Return the text that `neutralise` was given; any other text is left as it is."""
    if text[:1] == APOSTROPHE and NEUTRALISED.match(text):
        return text[1:]
    return text


def neutralised_sql(column: str) -> str:
    """Return the SQL that exports a text column or expression as `neutralise` does. `column` is SQL of our own."""
    return rf"""CASE WHEN {column} ~ E'^''*[=+@\t\r-]' THEN '''' || {column} ELSE {column} END"""


def neutralised(column: str | Combinable) -> Case:
    """Return the ORM expression that exports a text column as `neutralise` does."""
    text = F(column) if isinstance(column, str) else column
    return Case(
        When(Regex(text, "^'*[=+@\t\r-]"), then=Concat(Value(APOSTROPHE), text)),
        default=text,
        output_field=TextField(),
    )
