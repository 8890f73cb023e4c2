"""Search as staff type it: an exact code wins, else the beginning of a word that an index can find."""

from collections.abc import Iterable, Sequence

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

BROADEN = "*"


def capitals(text: str) -> str:
    """Return `text` as PostgreSQL's upper() writes it: letter by letter, so ß stays ß."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)


def matches(paths: Iterable[str], lookup: str, term: str) -> tuple[dict[str, Upper], Q]:
    """Return the aliases and the condition by which one of the columns `paths` matches `term`, whatever its case."""
    aliases = {f"upper_{place}": Upper(path) for place, path in enumerate(paths)}
    condition = Q()
    for alias in aliases:
        condition |= Q((f"{alias}__{lookup}", term))
    return aliases, condition


def having(queryset: models.QuerySet, paths: Sequence[str], lookup: str, term: str) -> models.QuerySet:
    """Return the rows of which one of the columns matches.

    Columns of the table itself are one condition, which PostgreSQL answers with one index each. A column of a
    related table is a branch of its own in a union: an OR across a join would read the whole table.
    """
    own = [path for path in paths if "__" not in path]
    branches = [[path] for path in paths if "__" in path]
    if not branches:
        aliases, condition = matches(own, lookup, term)
        return queryset.alias(**aliases).filter(condition)
    bare = queryset.model._base_manager.all()
    found = []
    for columns in [own, *branches] if own else branches:
        aliases, condition = matches(columns, lookup, term)
        found.append(bare.alias(**aliases).filter(condition).values("pk"))
    return queryset.filter(pk__in=found[0].union(*found[1:], all=True) if found[1:] else found[0])


def search(
    queryset: models.QuerySet, term: str, *, exact: Sequence[str], prefix: Sequence[str]
) -> tuple[models.QuerySet, bool]:
    """Return the rows that `term` finds, and whether they are exact matches.

    An exact match of a code hides what merely begins like it; a `*` behind the term asks for all of them.
    """
    term = capitals(term.strip())
    if not term:
        return queryset, False
    if not term.endswith(BROADEN) and exact:
        precise = having(queryset, exact, "exact", term)
        if precise.order_by().exists():
            return precise, True
    return having(queryset, list(dict.fromkeys([*prefix, *exact])), "startswith", term.rstrip(BROADEN)), False
