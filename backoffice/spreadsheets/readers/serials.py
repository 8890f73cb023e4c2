"""Excel's dates: numbers that only their format tells from other numbers."""

import re
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from backoffice.spreadsheets.readers.base import Cell, FaultyCell

# ECMA-376 part 1, 18.8.30: the built-in formats that show dates or times (27-36 and 50-58 in East Asian editions).
BUILT_IN = frozenset([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)])
# What is no date token in a format: quoted text, escaped and padding characters, colours and conditions, but not [h].
LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
TOKENS = re.compile(r"[ymdhs]", re.IGNORECASE)
LAST_SERIAL = 2_958_466  # the day after 9999-12-31
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no time zone
MILLISECONDS_A_DAY = 24 * 60 * 60 * 1000


def shows_dates(format_id: int, code: str | None) -> bool:
    """Say whether a number format shows dates or times of day. Elapsed hours, `[h]:mm`, stay numbers."""
    if code is None:
        return format_id in BUILT_IN
    bare = LITERALS.sub("", code.split(";")[0])
    return not ELAPSED.search(bare) and bool(TOKENS.search(bare)) and "general" not in bare.lower()


def date_of_serial(text: str, *, since_1904: bool) -> Cell:
    """Return the date or time that a serial number stands for, to the millisecond, as precisely as Excel keeps it.

    A whole day is a date, a part of a day alone a text. Excel's 29 February 1900 does not exist and is a faulty cell,
    like numbers outside its calendar.
    """
    serial = float(text) + (1462 if since_1904 else 0)
    if not 0 <= serial < LAST_SERIAL or 60 <= serial < 61:
        message = _("%(value)s is no date that exists. Enter the date again.") % {"value": text}
        return FaultyCell(text, rule="date", message=message)
    moment = timedelta(milliseconds=round(serial * MILLISECONDS_A_DAY))
    if serial < 1:
        return str(moment).zfill(8) if moment else date(1899, 12, 31)
    found = EPOCH + moment + timedelta(days=serial < 60)
    return found if moment % timedelta(days=1) else found.date()
