"""What wants a second word before a plan may run: very many rows, prices that jump, prices of nothing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.changes.words import plain

ROWS, JUMP, NOTHING = "rows", "jump", "nothing"
Prices = Mapping[Any, Sequence[tuple[Decimal | None, Decimal | None]]]


def warnings_for(rows: int, prices: Prices) -> list[dict[str, str]]:
    """Return the warnings of a plan, each with its code; `prices` are old and new, by field."""
    found = []
    if rows > settings.BULK_GUARDS["rows"]:
        found.append((ROWS, _("%(count)s rows are written at once.") % {"count": f"{rows:,}"}))
    for field, pairs in prices.items():
        found += _jumps(field, pairs)
        found += _nothings(field, pairs)
    return [{"code": code, "sentence": sentence} for code, sentence in found]


def _jumps(field: Any, pairs: Sequence[tuple[Any, Any]]) -> list[tuple[str, str]]:
    limit = Decimal(settings.BULK_GUARDS["price_percent"])
    jumps = [(abs(new - old) / old, old, new) for old, new in pairs if old and new is not None]
    beyond = [jump for jump in jumps if jump[0] * 100 > limit]
    if not beyond:
        return []
    _share, old, new = max(beyond)
    sentence = ngettext(
        "%(field)s: %(count)s changes by more than %(limit)s %% (%(old)s → %(new)s).",
        "%(field)s: %(count)s change by more than %(limit)s %% (the most: %(old)s → %(new)s).",
        len(beyond),
    )
    named = {"field": _title(field), "count": f"{len(beyond):,}", "limit": number_format(limit)}
    return [(f"{JUMP}-{field.name}", sentence % (named | {"old": plain(old), "new": plain(new)}))]


def _nothings(field: Any, pairs: Sequence[tuple[Any, Any]]) -> list[tuple[str, str]]:
    count = sum(1 for old, new in pairs if old and new == 0)
    if not count:
        return []
    sentence = ngettext("%(field)s: %(count)s becomes zero.", "%(field)s: %(count)s become zero.", count)
    return [(f"{NOTHING}-{field.name}", sentence % {"field": _title(field), "count": f"{count:,}"})]


def effects_of(prices: Prices) -> list[dict[str, str]]:
    """Return what becomes of the sum of each price, in words."""
    effects = []
    for field, pairs in prices.items():
        before, after = (sum((pair[place] or Decimal(0) for pair in pairs), Decimal(0)) for place in (0, 1))
        if before != after:
            named = {"what": _title(field), "before": plain(before), "after": plain(after)}
            effects.append(named | {"difference": f"{'+' if after > before else '-'}{plain(abs(after - before))}"})
    return effects


def _title(field: Any) -> str:
    return str(field.verbose_name)[:1].upper() + str(field.verbose_name)[1:]
