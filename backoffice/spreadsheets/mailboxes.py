"""The mailbox that is looked into for spreadsheets, over IMAP.

It is named by one address, `imaps://USER:PASSWORD@HOST[:PORT]/FOLDER`, where the folder is INBOX unless named, and
what has a meaning of its own in an address (`/ + @ : %`) is written as %XX. Options after a question mark:

- `done=Done` and `refused=Refused` name the folders of the mailbox where messages go that were taken, or were not;
- `verified-by=mx.example.com` names the server that puts its findings on each message (Authentication-Results,
  RFC 8601). Without it, nothing says that a message comes from whom it names.

`imap://`, which tells the password to all on the way, is for a server on this machine only.
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote

from django.utils.translation import gettext as _
from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted, MailMessage, MailMessageFlags

from backoffice.spreadsheets.addresses import UnusableAddress, options_of, take_apart

FORM = "imaps://USER:PASSWORD@HOST/FOLDER"
PORTS = {"imaps": 993, "imap": 143}
# A look waits so long for a server that says nothing, in seconds; and takes so many messages at most.
WAIT_SECONDS = 30
MOST_MESSAGES = 100
# Neither read by a person nor left for one.
WAITING = "UNSEEN UNFLAGGED UNDELETED"
SPREADSHEET = re.compile(rb"\.(csv|csv\.gz|xlsx|xls|ods)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class MailboxAddress:
    """What the address of a mailbox says."""

    secure: bool
    host: str
    port: int
    user: str
    password: str
    folder: str
    done: str
    refused: str
    verified_by: str

    def __repr__(self) -> str:
        return f"<mailbox {self}>"

    def __str__(self) -> str:
        """Say for people where it is, without the password."""
        return _("%(folder)s of %(user)s at %(host)s") % vars(self)


def mailbox_address(address: str) -> MailboxAddress:
    """Take the address of a mailbox apart. Raises UnusableAddress."""
    parts = take_apart(address, schemes=PORTS, form=FORM)
    options = options_of(parts, ("done", "refused", "verified-by"))
    host = parts.hostname or ""
    if parts.scheme == "imap" and not is_here(host):
        raise UnusableAddress(_("The password would be read on its way. Write imaps:// for a server elsewhere."))
    if not parts.username or not parts.password:
        raise UnusableAddress(_("Name who signs in, with the password: %(form)s.") % {"form": FORM})
    found = MailboxAddress(
        secure=parts.scheme == "imaps",
        host=host,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        done=options.get("done", "Done"),
        refused=options.get("refused", "Refused"),
        verified_by=options.get("verified-by", "").lower(),
    )
    if len({found.folder.lower(), found.done.lower(), found.refused.lower()}) < 3:
        raise UnusableAddress(_("Name three folders that differ: the one that is looked into, done and refused."))
    return found


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Mailbox:
    """An open mailbox, in the folder that is looked into."""

    def __init__(self, client: BaseMailBox, address: MailboxAddress) -> None:
        self.client = client
        self.address = address

    def waiting(self) -> list[MailMessage]:
        """Return the heads of unread messages that were not left for a person, oldest first."""
        return list(self.client.fetch(WAITING, limit=MOST_MESSAGES, mark_seen=False, headers_only=True))

    def whole(self, uid: str) -> MailMessage | None:
        """Return all of a message; nothing if it is gone."""
        return next(iter(self.client.fetch(uid_list=[uid], mark_seen=False)), None)

    def has_spreadsheet(self, uid: str) -> bool:
        """Whether the server knows of a spreadsheet attached to a message; one of an unusual name may be missed."""
        _status, answer = self.client.client.uid("FETCH", uid, "(BODYSTRUCTURE)")
        told = b"".join(piece for item in answer for piece in (item if isinstance(item, tuple) else (item or b"",)))
        return SPREADSHEET.search(told) is not None

    def leave(self, uid: str) -> None:
        """Mark a message with a star, so that it is left for a person."""
        self.client.flag(uid, MailMessageFlags.FLAGGED, True)

    def put_away(self, uid: str, folder: str) -> None:
        """Move a message to another folder of the mailbox, made where there is none."""
        if not self.client.folder.exists(folder):
            self.client.folder.create(folder)
        self.client.move(uid, folder)


@contextmanager
def opened(address: MailboxAddress) -> Iterator[Mailbox]:
    """Sign in to a mailbox."""
    host = {"host": address.host, "port": address.port, "timeout": WAIT_SECONDS}
    # Without a context of ours, the library would take any certificate.
    client = MailBox(**host, ssl_context=ssl.create_default_context()) if address.secure else MailBoxUnencrypted(**host)
    with client:
        sign_in = client.login if address.password.isascii() and address.user.isascii() else client.login_utf8
        sign_in(address.user, address.password, initial_folder=address.folder)
        yield Mailbox(client, address)
