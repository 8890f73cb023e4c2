"""When work that colleagues plan runs by itself, in words: each is a cron expression of the local time."""

from datetime import time
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Rhythm(models.TextChoices):
    """How often: the day and month fields of cron, and which weekdays."""

    DAILY = "* * *", gettext_lazy("Every day")
    WORKING_DAYS = "* * 1-5", gettext_lazy("Each working day, Monday to Friday")
    MONDAYS = "* * 1", gettext_lazy("Every Monday")
    TUESDAYS = "* * 2", gettext_lazy("Every Tuesday")
    WEDNESDAYS = "* * 3", gettext_lazy("Every Wednesday")
    THURSDAYS = "* * 4", gettext_lazy("Every Thursday")
    FRIDAYS = "* * 5", gettext_lazy("Every Friday")
    SATURDAYS = "* * 6", gettext_lazy("Every Saturday")
    SUNDAYS = "* * 0", gettext_lazy("Every Sunday")
    FIRST_OF_MONTH = "1 * *", gettext_lazy("On the first of each month")
    FIFTEENTH = "15 * *", gettext_lazy("On the 15th of each month")
    LAST_OF_MONTH = "L * *", gettext_lazy("On the last day of each month")
    FIRST_OF_QUARTER = "1 1,4,7,10 *", gettext_lazy("On the first day of each quarter")
    FIRST_OF_YEAR = "1 1 *", gettext_lazy("On the first day of each year")


def as_cron(rhythm: str, at: time) -> str:
    """Return the cron expression of a rhythm at a local time."""
    return f"{at.minute} {at.hour} {rhythm}"


def from_cron(cron: str) -> tuple[str, time]:
    """Return the rhythm and the local time that `as_cron` made an expression of; raises ValueError for another."""
    minute, hour, days = cron.split(" ", 2)
    return Rhythm(days).value, time(int(hour), int(minute))


def in_words(cron: str) -> Any:
    """Return when a cron expression is due, in words; another one than of a rhythm as it stands."""
    try:
        rhythm, at = from_cron(cron)
    except ValueError:
        return cron
    return _("%(rhythm)s at %(time)s") % {"rhythm": Rhythm(rhythm).label, "time": f"{at:%H:%M}"}
