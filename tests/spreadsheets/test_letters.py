"""Which mailbox, who may send, and whom the mailbox's own server vouches for."""

from email import message_from_string
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from imap_tools import MailMessage

from backoffice.spreadsheets.addresses import UnusableAddress
from backoffice.spreadsheets.checks import check_addresses
from backoffice.spreadsheets.letters import Letter, is_verified, sender_of
from backoffice.spreadsheets.mailboxes import mailbox_address
from backoffice.spreadsheets.senders import check_senders, is_listed

SENDER = "buyer@miller.example"
PASSED = "mx.example.com; dmarc=pass header.from=miller.example"


def verified(*findings: str) -> bool:
    head = message_from_string("".join(f"Authentication-Results: {line}\n" for line in findings) + "\n")
    return is_verified(head, SENDER, verified_by="mx.example.com")


@pytest.mark.parametrize(
    "findings",
    [
        (PASSED,),
        ("MX.example.com 1; spf=fail; dmarc=pass (p=none dis=none) header.from=Miller.example",),
        ("mx.example.com;\n dkim=pass header.i=@miller.example;\n dmarc=pass",),
        ("mx.example.com; spf=pass", PASSED),
        ("other.example; dmarc=fail", PASSED),
    ],
)
def test_a_server_vouches_for_a_sender(findings: tuple[str, ...]) -> None:
    assert verified(*findings)


@pytest.mark.parametrize(
    "findings",
    [
        (),
        ("mx.example.com; none",),
        ("mx.example.com; spf=pass smtp.mailfrom=miller.example; dkim=pass header.d=miller.example",),
        ("mx.example.com; dmarc=fail header.from=miller.example",),
        ("mx.example.com; dmarc=none (dmarc=pass) header.from=miller.example",),
        ("mx.example.com; dmarc=none ((x) ; dmarc=pass) header.from=miller.example",),
        ("mx.example.com; dmarc=pass header.from=other.example",),
        ("mx.example.com; dmarc=passing header.from=miller.example",),
        ("mx.example.com.attacker.example; dmarc=pass",),
        ("attacker.example; dmarc=pass header.from=miller.example",),
        ("(mx.example.com; dmarc=pass) attacker.example; dmarc=pass",),
        ("mx.example.com; dmarc=fail header.from=miller.example", PASSED),
    ],
)
def test_nobody_else_and_nothing_less_vouches_for_a_sender(findings: tuple[str, ...]) -> None:
    assert not verified(*findings)


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        ("From: Buyer <Buyer@Miller.example>", SENDER),
        ("From: buyer@miller.example", SENDER),
        ('From: "x@example.org" <buyer@miller.example>', SENDER),
        ("From: =?utf-8?q?M=C3=BCller?= <buyer@miller.example>", SENDER),
        ("From: buyer@miller.example, x@example.org", ""),
        ("From: buyer@miller.example\nFrom: x@example.org", ""),
        ("From: buyer@miller.example <x@example.org>", ""),
        ("From: Buyer", ""),
        ("To: buyer@miller.example", ""),
    ],
)
def test_a_message_is_from_the_one_address_that_it_names(lines: str, sender: str) -> None:
    assert sender_of(message_from_string(f"{lines}\n\n")) == sender


def test_without_a_server_that_is_believed_no_sender_is_verified() -> None:
    head = MailMessage.from_bytes(f"From: {SENDER}\nAuthentication-Results: {PASSED}\n\n".encode())
    assert Letter.of(head, verified_by="mx.example.com").verified
    assert not Letter.of(head, verified_by="").verified


def test_a_message_is_known_by_its_id_or_else_by_its_head() -> None:
    heads = ["Message-ID: <1@x>\nSubject: a", "Message-ID: <1@x>\nSubject: b", "Subject: a", "Subject: b"]
    known = [Letter.of(MailMessage.from_bytes(f"{head}\n\n".encode()), verified_by="").identity for head in heads]
    assert known[0] == known[1]
    assert len(set(known)) == 3


def test_senders_are_addresses_and_whole_domains() -> None:
    listed = "Buyer@miller.example, @schulz.example"
    check_senders(listed)
    assert all(is_listed(sender, listed) for sender in (SENDER, "anybody@schulz.example"))
    assert not any(is_listed(sender, listed) for sender in ("", "x@miller.example", "x@sub.schulz.example", "schulz"))


@pytest.mark.parametrize("listed", ["buyer", "buyer@miller.example, miller", "@", "@miller", "a@b@c.example"])
def test_a_list_of_anything_else_is_refused(listed: str) -> None:
    with pytest.raises(ValidationError, match="is no address"):
        check_senders(listed)


def test_the_address_of_a_mailbox_says_where_it_is() -> None:
    options = "done=Old&verified-by=MX.example.com"
    found = mailbox_address(f"imaps://desk%40example.com:p%2Fw@mail.example.com/Price%20lists?{options}")
    assert (found.user, found.password, found.host, found.port) == ("desk@example.com", "p/w", "mail.example.com", 993)
    assert (found.folder, found.done, found.refused) == ("Price lists", "Old", "Refused")
    assert found.verified_by == "mx.example.com"
    assert str(found) == "Price lists of desk@example.com at mail.example.com"
    assert "p/w" not in repr(found)


@pytest.mark.parametrize(
    "address",
    ["imaps://u:p@mail.example.com", "imap://u:p@127.0.0.1:1143", "imap://u:p@[::1]/", "imap://u:p@localhost/INBOX"],
)
def test_an_address_of_a_mailbox_passes(address: str, settings: Any) -> None:
    settings.SPREADSHEET_MAILBOX = address
    assert (check_addresses(), mailbox_address(address).folder) == ([], "INBOX")


@pytest.mark.parametrize(
    "address",
    [
        "imap://user:sEcret@mail.example.com/INBOX",
        "imap://user:sEcret@10.0.0.1/INBOX",
        "imap://user:sEcret@127.0.0.1.example.com/INBOX",
        "smtp://user:sEcret@mail.example.com",
        "imaps://user:sEcret/x@mail.example.com",
        "imaps://user@mail.example.com",
        "imaps://:sEcret@mail.example.com",
        "imaps://user:sEcret@/INBOX",
        "imaps://user:sEcret@mail.example.com/INBOX?done=inbox",
        "imaps://user:sEcret@mail.example.com/INBOX?done=A&refused=A",
        "imaps://user:sEcret@mail.example.com/INBOX?delete=yes",
        "imaps://user:sEcret@mail.example.com/INBOX?verified-by=",
        "sEcret",
    ],
)
def test_an_address_of_no_mailbox_is_refused_without_repeating_it(address: str, settings: Any) -> None:
    with pytest.raises(UnusableAddress):
        mailbox_address(address)
    settings.SPREADSHEET_MAILBOX = address
    [error] = check_addresses()
    assert error.msg.startswith("SPREADSHEET_MAILBOX: ")
    assert "sEcret" not in error.msg
