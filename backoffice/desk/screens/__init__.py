"""The screens of the kernel: people, change sets, bulk runs, jobs, imports, exports."""

from backoffice.desk.screens import accounts, bulk, changes, export_schedules, exports, import_profiles, imports, jobs

__all__ = ["accounts", "bulk", "changes", "export_schedules", "exports", "import_profiles", "imports", "jobs"]
