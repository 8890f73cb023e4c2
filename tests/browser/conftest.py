"""Tabs of people at work: each signed in, each watched for what a browser complains of."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
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

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []
