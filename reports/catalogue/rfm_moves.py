"""Moves between RFM segments."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Column
from reports.catalogue.rfm import SEGMENT_NAMES, SPENT
from reports.catalogue.segments import CUSTOMERS, SegmentFacts


class RfmMoves(SegmentFacts):
    """Those who stayed where they were are left out; see `reports.catalogue.rfm`."""

    slug = "rfm-moves"
    title = _("RFM: moves between segments")
    description = _(
        "Customers who are in another segment than before: from where, to where, how many, and what they bought in the "
        "period. Those who slip are worth a call."
    )
    columns = (
        Column("segment_before", _("From"), choices=SEGMENT_NAMES),
        Column("segment", _("To"), choices=SEGMENT_NAMES),
        CUSTOMERS,
        SPENT,
    )
    key = ("segment_before", "segment")
    facts = f"SELECT * FROM ({SegmentFacts.facts}) AS customers WHERE segment <> segment_before"  # noqa: S608
    rows = """
        SELECT segment_before, segment, sum(customers), sum(monetary), segment_before, segment
        FROM facts GROUP BY segment_before, segment ORDER BY sum(customers) DESC, segment_before, segment
    """
