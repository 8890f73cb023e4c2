"""The desk in a real browser, before anybody has signed in."""

import pytest


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sign_in_page_breaks_none_of_its_own_rules(page, live_server):
    refused = []
    page.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    page.goto(live_server.url)
    assert page.get_by_role("button", name="Log in").is_visible()
    assert refused == []
