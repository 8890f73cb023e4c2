"""The screens of the kernel: people, change sets, bulk runs, jobs, imports."""

from backoffice.desk.screens import accounts, bulk, changes, import_profiles, imports, jobs

__all__ = ["accounts", "bulk", "changes", "import_profiles", "imports", "jobs"]
