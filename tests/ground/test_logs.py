"""Log lines and the id of the request they belong to."""

import io
import json
import logging
import logging.config
import re

import pytest
import structlog

from backoffice.logs import json_renderers, logging_config

pytestmark = pytest.mark.django_db


@pytest.fixture
def json_log():
    """What production would write, line by line."""
    stream = io.StringIO()
    config = logging_config(level="INFO", renderers=json_renderers())
    formatter = logging.config.DictConfigurator(config).configure_formatter(config["formatters"]["structured"])
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def test_an_answer_carries_a_request_id(client):
    assert re.fullmatch("[0-9a-f]{32}", client.get("/no-such-page/")["X-Request-ID"])


def test_the_id_of_a_proxy_is_kept(client):
    assert client.get("/no-such-page/", headers={"X-Request-ID": "edge-01.2_abc"})["X-Request-ID"] == "edge-01.2_abc"


@pytest.mark.parametrize(
    "bad", ["short", "x" * 65, "with space in it", "<script>alert(1)</script>", "line\nbreak-line"]
)
def test_an_id_that_is_none_is_replaced(client, bad):
    assert re.fullmatch("[0-9a-f]{32}", client.get("/no-such-page/", headers={"X-Request-ID": bad})["X-Request-ID"])


def test_every_line_of_a_request_carries_its_id(client, json_log):
    client.get("/login/no-such-page/", headers={"X-Request-ID": "edge-12345678"})
    assert {line.get("request_id") for line in json_log()} == {"edge-12345678"}


def test_one_line_says_how_a_request_went(client, json_log):
    client.get("/login/no-such-page/?email=somebody@example.com")
    line = next(line for line in json_log() if line["logger"] == "backoffice.logs")
    assert (line["event"], line["status"], line["level"]) == ("GET /login/no-such-page/", 302, "info")
    assert "somebody@example.com" not in json.dumps(json_log())


def test_a_refused_request_and_a_sign_in_leave_one_line_each(client, viewer, signed_in, json_log):
    signed_in(viewer).get("/no-such-page/")
    client.post("/login/", {"username": viewer.email, "password": "a-long-password"})
    assert [line["status"] for line in json_log()] == [404, 302]


def test_a_traceback_is_part_of_its_line(json_log):
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logging.getLogger("backoffice").exception("Refresh failed")
    (line,) = json_log()
    assert "ZeroDivisionError" in line["exception"]


def test_the_id_does_not_outlive_its_request(client):
    client.get("/no-such-page/")
    assert structlog.contextvars.get_contextvars() == {}
