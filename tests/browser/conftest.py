"""Tabs of people at work: each signed in, each watched for what a browser complains of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, BrowserContext, Page

Sit = Callable[..., Page]


@pytest.fixture
def sit(chromium: Browser, live_server: Any) -> Iterator[Sit]:
    """Return a function that signs somebody in on a tab of their own; what a tab complains of fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def sign_in(user: Any) -> Page:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=live_server.url)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(20_000)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.goto("/")
        tab.get_by_label("E-mail").fill(user.email)
        tab.get_by_label("Password").fill("a-long-password")
        tab.get_by_role("button", name="Log in").click()
        tab.get_by_role("heading", name="To do").wait_for()
        return tab

    with requests_under_way() as under_way:
        yield sign_in
        heard = list(complaints)
        # Pages say that they are left: nothing may be asked any longer when the database is emptied.
        for context in contexts:
            context.set_offline(True)
        while under_way:
            contexts[0].pages[0].wait_for_timeout(20)
        for context in contexts:
            context.close()
    assert heard == []


@contextmanager
def requests_under_way() -> Iterator[list[object]]:
    """Give the list of requests that the server has not answered yet."""
    under_way: list[object] = []

    def started(**_said: Any) -> None:
        under_way.append(object())

    def ended(**_said: Any) -> None:
        under_way.pop()

    request_started.connect(started)
    request_finished.connect(ended)
    yield under_way
    request_started.disconnect(started)
    request_finished.disconnect(ended)
