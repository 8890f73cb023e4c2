"""The screens of the kernel: people, change sets, jobs, imports."""

from backoffice.desk.screens import accounts, changes, imports

__all__ = ["accounts", "changes", "imports"]
