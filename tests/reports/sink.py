"""A mail server that takes every mail and keeps it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

ANSWERS = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}


class Server(socketserver.ThreadingTCPServer):
    """Listens at a port of its own on this machine."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.mails: list[tuple[list[str], Message]] = []


class Conversation(socketserver.StreamRequestHandler):
    """As much of SMTP as it takes to hand over a mail."""

    server: Server

    def handle(self) -> None:
        recipients: list[str] = []
        self.say(b"220 sink")
        for line in self.rfile:
            word = line.strip()[:4].upper()
            self.say(ANSWERS.get(word, b"250 fine"))
            if word == b"RCPT":
                recipients.append(line.decode().partition("<")[2].partition(">")[0])
            if word == b"DATA":
                self.server.mails.append((recipients, self.read_mail()))
                recipients = []
                self.say(b"250 kept")
            if word == b"QUIT":
                return

    def read_mail(self) -> Message:
        lines = iter(self.rfile.readline, b".\r\n")
        return message_from_bytes(b"".join(line.removeprefix(b".") for line in lines), policy=default)

    def say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")


@contextmanager
def mail_server(settings: Any) -> Iterator[list[tuple[list[str], Any]]]:
    """Let the desk send to a server of its own; yield the mails that it got, with the addresses that they went to."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        smtp = "django.core.mail.backends.smtp.EmailBackend"
        settings.MAILERS = {"default": {"BACKEND": smtp, "OPTIONS": {"host": host, "port": port}}}
        try:
            yield server.mails
        finally:
            server.shutdown()
