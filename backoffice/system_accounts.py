"""Whom the embedded PostgreSQL runs as when root starts it, since it refuses to run as root."""

import pwd
import shutil
from pathlib import Path


class NoAccountError(Exception):
    """There is nobody to lend the server to; the text says what to do."""


def server_account(owner: int) -> pwd.struct_passwd:
    """Return whom root lends the server to, since PostgreSQL refuses to run as root."""
    for key in ([owner] if owner else []) + ["postgres", "nobody"]:
        try:
            return pwd.getpwuid(key) if isinstance(key, int) else pwd.getpwnam(key)
        except KeyError:
            continue
    raise NoAccountError(
        "PostgreSQL does not run as root, and there is no user postgres or nobody. Run as a normal user."
    )


def becoming(account: pwd.struct_passwd, paths: list[Path]) -> list[str]:
    """Return the words before a command that root gives to `account`.

    Below folders that the account may not enter (a project in root's home), the command keeps root's right to
    pass through them, so that no folder needs to be opened to everybody.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NoAccountError(
            "PostgreSQL does not run as root. Run this as a normal user, or install setpriv (util-linux)."
        )
    words = [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    if not all(may_enter(account, folder) for path in paths for folder in path.parents):
        words += ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return words


def may_enter(account: pwd.struct_passwd, folder: Path) -> bool:
    """Whether the mode of `folder` lets `account` pass."""
    status = folder.stat()
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.pw_gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def account_name(uid: int) -> str:
    """Return the name of a user, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
