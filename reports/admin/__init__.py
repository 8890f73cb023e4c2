"""Reports on the desk."""

from reports.admin.runs import ReportRunAdmin, ReportScheduleAdmin

__all__ = ["ReportRunAdmin", "ReportScheduleAdmin"]
