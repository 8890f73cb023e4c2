"""RFM segments."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.base import Chart, Column, Kind
from reports.catalogue.rfm import SEGMENT_NAMES, SPENT
from reports.catalogue.segments import SegmentFacts

NOW = Column("now", _("Customers"), Kind.INTEGER, total=True)
BEFORE = Column("before", _("Before"), Kind.INTEGER, total=True)
CAME = Column("came", _("Came"), Kind.INTEGER, total=True)
LEFT = Column("went", _("Left"), Kind.INTEGER, total=True)


class RfmSegments(SegmentFacts):
    """A customer who changed segment left one and came to another; see `reports.catalogue.rfm`."""

    slug = "rfm-segments"
    title = _("RFM: segments")
    description = _(
        "How many customers are in each segment, how many were before, and how many came and left since. "
        "The monetary value is that of the customers who are in it now."
    )
    columns = (Column("segment", _("Segment"), choices=SEGMENT_NAMES), NOW, BEFORE, CAME, LEFT, SPENT)
    key = ("segment",)
    behind_columns = (*SegmentFacts.person, NOW, BEFORE, CAME, LEFT, SPENT)
    chart = Chart("bar", label="segment", values=("now", "before"))
    facts = f"""
        WITH moves AS ({SegmentFacts.facts})
        SELECT model, pk, number, customer, segment, 1 AS now, (segment = segment_before)::int AS before,
            (segment <> segment_before)::int AS came, 0 AS went, monetary
        FROM moves
        UNION ALL
        SELECT model, pk, number, customer, segment_before, 0, 1, 0, 1, 0 FROM moves WHERE segment <> segment_before
    """  # noqa: S608
    rows = """
        SELECT segment, sum(now), sum(before), sum(came), sum(went), sum(monetary), segment
        FROM facts GROUP BY segment ORDER BY sum(monetary) DESC, segment
    """
