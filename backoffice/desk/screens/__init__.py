"""The screens of the kernel: people, change sets, jobs, imports."""

from backoffice.desk.screens import accounts, changes, imports, jobs

__all__ = ["accounts", "changes", "imports", "jobs"]
