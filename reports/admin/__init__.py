"""Reports on the desk."""

from reports.admin.runs import ReportRunAdmin
from reports.admin.schedules import ReportScheduleAdmin

__all__ = ["ReportRunAdmin", "ReportScheduleAdmin"]
