"""Wrong passwords are counted for an address of mail and a machine together."""

import pytest

from backoffice.accounts.sign_in import client_address

PASSWORD = "a-long-password"


def sign_in(client, email, password, address="192.0.2.1"):
    return client.post("/login/", {"username": email, "password": password}, REMOTE_ADDR=address)


@pytest.fixture
def locked_out(client, operator, settings):
    """An operator whose password was guessed at until the door closed, from one machine, in several spellings."""
    for number in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, operator.email.upper() if number % 2 else operator.email, "wrong")
    return operator


def test_the_right_password_opens(client, operator):
    assert sign_in(client, operator.email, PASSWORD).status_code == 302


def test_too_many_wrong_ones_close_with_a_sentence(client, locked_out):
    response = sign_in(client, locked_out.email, PASSWORD)
    assert response.status_code == 429
    assert "Too many wrong passwords" in response.content.decode()


def test_a_colleague_on_the_same_machine_still_gets_in(client, locked_out, manager):
    assert sign_in(client, manager.email, PASSWORD).status_code == 302


def test_the_person_still_gets_in_from_elsewhere(client, locked_out):
    assert sign_in(client, locked_out.email, PASSWORD, address="192.0.2.99").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "made.up, 198.51.100.1", "198.51.100.1"),
        (2, "made.up, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "192.0.2.1"),
    ],
)
def test_only_our_proxies_say_who_asked(rf, settings, proxies, forwarded, address):
    settings.PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == address
