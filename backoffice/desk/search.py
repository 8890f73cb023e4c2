"""Search as staff type it: an exact code wins, else the beginning of a word that an index can find."""

from collections.abc import Iterable, Sequence

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, Func, Lookup, Q, Value
from django.db.models.functions import Upper
from django.db.models.lookups import Exact, GreaterThan, StartsWith

BROADEN = "*"


def capitals(text: str) -> str:
    """Return `text` as PostgreSQL's upper() writes it: letter by letter, so ß stays ß."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


class AmongKeys(Func):
    """Whether a key is among those of a subquery, which is run once and first.

    A plain IN leaves the order to the planner: for a page of a list it gambles on walking the list until enough
    rows have matched, and reads the whole table when few do.
    """

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


def matches(paths: Iterable[str], lookup: type[Lookup], term: str) -> Q:
    """Return the condition by which one of the columns `paths` matches `term`, whatever its case.

    That the column is not empty says nothing new, but lets an index serve that leaves out the empty ones.
    """
    condition = Q()
    for path in paths:
        condition |= Q(lookup(Upper(F(path)), term)) & Q(GreaterThan(F(path), Value("")))
    return condition


def having(queryset: models.QuerySet, paths: Sequence[str], lookup: type[Lookup], term: str) -> models.QuerySet:
    """Return the rows of which one of the columns matches.

    Columns of the table itself are one condition, which PostgreSQL answers with one index each. A column of a
    related table is a branch of its own in a union: an OR across a join would read the whole table.
    """
    own = [path for path in paths if "__" not in path]
    branches = [own, *([path] for path in paths if "__" in path)]
    bare = queryset.model._base_manager.order_by()
    found = [bare.filter(matches(columns, lookup, term)).values("pk") for columns in branches if columns]
    keys = found[0].union(*found[1:], all=True) if found[1:] else found[0]
    return queryset.filter(AmongKeys(F("pk"), ArraySubquery(keys)))


def search(
    queryset: models.QuerySet, term: str, *, exact: Sequence[str], prefix: Sequence[str]
) -> tuple[models.QuerySet, bool]:
    """Return the rows that `term` finds, and whether they are exact matches.

    An exact match of a code hides what merely begins like it; a `*` behind the term asks for all of them.
    """
    term = capitals(term.strip())
    if not term or not (exact or prefix):
        return queryset, False
    if not term.endswith(BROADEN) and exact:
        precise = having(queryset, exact, Exact, term)
        if precise.order_by().exists():
            return precise, True
    return having(queryset, list(dict.fromkeys([*prefix, *exact])), StartsWith, term.rstrip(BROADEN)), False
