"""A host of mailboxes for tests: an IMAP server on this machine that forgets all when it ends."""

import socket
import subprocess
import sys
import time
import uuid
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from imap_tools import MailBoxUnencrypted, MailMessageFlags

from tests.ground.desks import free_port

PYMAP = Path(sys.executable).with_name("pymap")
PATIENCE = 60
FILE = b"Ref,Name\nA-1,Tea\n"


class MailHost:
    """One run of the server, which knows one user."""

    user, password = "desk@example.com", "p:ss/w@rd"
    login = "desk%40example.com:p%3Ass%2Fw%40rd"

    def __init__(self, folder: Path) -> None:
        self.port = int(free_port())
        self.log = folder / "mailboxes.log"
        here = ["--host", "127.0.0.1", "--port", str(self.port), "--no-tls"]
        user = ["--demo-user", self.user, "--demo-password", self.password]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([PYMAP, *here, "dict", *user], stdout=log, stderr=log)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_said: object) -> None:
        self.process.terminate()
        self.process.wait()

    def answers(self) -> bool:
        """Whether it listens by now."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def new_mailbox(self) -> "Mailbox":
        """Make a folder for incoming mail, with others for what was taken and refused."""
        return Mailbox(self, uuid.uuid4().hex[:12])


class Mailbox:
    """A folder of the mailbox as those see it who send mail there, and who read it."""

    def __init__(self, host: MailHost, name: str) -> None:
        self.host, self.name = host, name
        options = f"done={name}-done&refused={name}-refused"
        self.address = f"imap://{host.login}@127.0.0.1:{host.port}/{name}?{options}"
        with self.client() as client:
            client.folder.create(name)

    def client(self, folder: str | None = None) -> MailBoxUnencrypted:
        """Sign in as a mail program does."""
        client = MailBoxUnencrypted("127.0.0.1", self.host.port, timeout=PATIENCE)
        return client.login(self.host.user, self.host.password, initial_folder=folder)

    def deliver(self, message: EmailMessage | bytes) -> None:
        """Deliver a message."""
        with self.client() as client:
            client.append(message if isinstance(message, bytes) else message.as_bytes(), self.name)

    def send(self, *files: tuple[str, bytes], head: dict[str, str] | None = None, **given: Any) -> EmailMessage:
        """Deliver a message with files, of the usual sender unless `head` says otherwise."""
        message = letter(*(files or (("list.csv", FILE),)), head=head or {}, **given)
        self.deliver(message)
        return message

    def subjects(self, folder: str = "") -> list[str]:
        """Return what lies in the folder, or in `done` or `refused`; a star stands before what has one."""
        name = f"{self.name}-{folder}" if folder else self.name
        with self.client() as client:
            if not client.folder.exists(name):
                return []
            client.folder.set(name)
            heads = list(client.fetch(mark_seen=False, headers_only=True))
            return [("*" if MailMessageFlags.FLAGGED in head.flags else "") + head.subject for head in heads]


def letter(*files: tuple[str, bytes], head: dict[str, str], text: str = "Here it is.") -> EmailMessage:
    """Write a message with files."""
    message = EmailMessage()
    usual = {
        "From": "Buyer <buyer@miller.example>",
        "To": "desk@example.com",
        "Subject": "Price list",
        "Message-ID": f"<{uuid.uuid4().hex}@miller.example>",
    }
    for name, value in (usual | head).items():
        if value:
            message[name] = value
    message.set_content(text)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message
