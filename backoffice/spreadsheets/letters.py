"""What a message of a mailbox says: from whom, vouched for by whom, and with which spreadsheets."""

import hashlib
import re
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from imap_tools import MailMessage

SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".xls", ".ods")
COMMENT = re.compile(r"\([^()]*\)")
FINDING = re.compile(r"\s*dmarc\s*=\s*(\w+)", re.IGNORECASE)
DOMAIN = re.compile(r"\bheader\.from\s*=\s*\"?@?([^\s;\"]+)", re.IGNORECASE)


class UnreadableLetter(ValidationError):
    """A message whose spreadsheets cannot be taken, with a sentence that says what to do."""


@dataclass(frozen=True)
class Attachment:
    """A spreadsheet that came with a message."""

    filename: str
    content: bytes

    @property
    def sha256(self) -> str:
        """What tells its content from any other."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The head of a message. `sender` is whom it names, in small letters; anybody can write any name there.

    Only where `verified`, the server of the mailbox has found that it comes from the domain that it names.
    """

    uid: str
    identity: str
    sender: str
    subject: str
    size: int
    verified: bool

    @classmethod
    def of(cls, head: MailMessage, *, verified_by: str) -> "Letter":
        """Read the head of a message; `verified_by` is the server whose findings are believed, if any."""
        sender = sender_of(head.obj)
        return cls(
            uid=head.uid or "",
            identity=identity_of(head.obj),
            sender=sender,
            subject=in_one_line(head.subject) or str(_("(no subject)")),
            size=head.size_rfc822,
            verified=bool(verified_by and sender) and is_verified(head.obj, sender, verified_by=verified_by),
        )


def in_one_line(text: str) -> str:
    """Return words that a message gave without what is no character, breaks lines, or cannot be stored."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def sender_of(head: Message) -> str:
    """Return the one address that a message says it is from; nothing if it names none, or more than one."""
    named = [address for _name, address in getaddresses([str(line) for line in head.get_all("From", [])]) if address]
    return in_one_line(named[0].lower()) if len(named) == 1 and "@" in named[0] else ""


def identity_of(head: Message) -> str:
    """Return what tells a message from others: its Message-ID, or all of its head where it has none."""
    named = str(head.get("Message-ID") or "").strip()
    return hashlib.sha256(named.encode(errors="replace") if named else head.as_bytes()).hexdigest()


def is_verified(head: Message, sender: str, *, verified_by: str) -> bool:
    """Whether the server `verified_by` has found (DMARC, RFC 7489) that a message comes from the sender's domain.

    Servers write on top, and take lines in their name away that came with the message: so the first finding counts.
    """
    for line in head.get_all("Authentication-Results", []):
        server, *findings = without_comments(str(line)).split(";")
        if server.lower().split()[:1] != [verified_by]:
            continue
        for finding in findings:
            if found := FINDING.match(finding):
                domain = DOMAIN.search(finding)
                of_sender = domain is None or domain[1].lower() == sender.rpartition("@")[2]
                return of_sender and found[1].lower() == "pass"
    return False


def without_comments(line: str) -> str:
    """Return a header without what stands in brackets, which may be anything."""
    while (shorter := COMMENT.sub(" ", line)) != line:
        line = shorter
    return line


def spreadsheets_in(message: MailMessage) -> list[Attachment]:
    """Return the spreadsheets attached to a message. Raises UnreadableLetter if it is damaged, or has none."""
    found = [
        Attachment(name, each.payload)
        for each in message.attachments
        if (name := in_one_line(each.filename)).lower().endswith(SUFFIXES)
    ]
    # Decoding is what finds damage; the parts of a message that was cut short look whole.
    if any(part.defects for part in message.obj.walk()):
        raise UnreadableLetter(_("The message is damaged, so its files may be. Send them again in a new message."))
    if not found:
        message_text = _("No spreadsheet is attached (%(kinds)s). Send it again with the file.")
        raise UnreadableLetter(message_text % {"kinds": ", ".join(SUFFIXES)})
    return found
