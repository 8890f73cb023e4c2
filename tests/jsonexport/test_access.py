"""Who is let in, and what the others are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from backoffice.accounts.models import ApiToken
from backoffice.accounts.services import issue_token, revoke_token
from tests.factories import make_customer
from tests.jsonexport.conftest import Ask, ask_with

pytestmark = pytest.mark.django_db


def refusal(response: Any, status: int) -> str:
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    sentence: str = response.json()["error"]
    return sentence


def test_without_a_token_the_answer_says_how_to_send_one() -> None:
    response = Client().get("/export/v1/products.json")
    assert "Authorization: Bearer" in refusal(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_no_token(signed_in: Any, manager: Any) -> None:
    refusal(signed_in(manager).get("/export/v1/products.json"), 401)


def test_an_unknown_token_is_refused() -> None:
    assert "unknown, revoked or expired" in refusal(ask_with("bo_nonsense")(), 401)


def test_a_revoked_token_is_refused(ask: Ask) -> None:
    revoke_token(token=ApiToken.objects.get())
    refusal(ask(), 401)


def test_an_expired_token_is_refused(ask: Ask) -> None:
    ApiToken.objects.update(expires_at=Now() - timedelta(seconds=1))
    refusal(ask(), 401)


def test_the_token_of_somebody_who_left_is_refused(ask: Ask, manager: Any) -> None:
    manager.is_active = False
    manager.save()
    refusal(ask(), 401)


def test_a_token_opens_its_scopes_only(manager: Any) -> None:
    _token, secret = issue_token(owner=manager, name="shop", scopes=["products"])
    assert "does not open orders" in refusal(ask_with(secret)("orders"), 403)


def test_a_token_opens_no_more_than_its_owner_may_see(ask: Ask, manager: Any) -> None:
    manager.memberships.all().delete()
    assert "catalog.view_product" in refusal(ask(), 403)


def test_customers_need_the_permission_for_personal_data(operator: Any) -> None:
    _token, secret = issue_token(owner=operator, name="mailer", scopes=["customers"])
    assert "customers.export_personal_data" in refusal(ask_with(secret)("customers"), 403)


def test_an_unknown_collection_is_answered_with_those_there_are(ask: Ask) -> None:
    assert "products.json, customers.json, orders.json" in refusal(ask("payments"), 404)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_the_export_is_read_only(method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = getattr(client, method)("/export/v1/products.json")
    assert response["Allow"] == "GET, HEAD"
    refusal(response, 405)


def test_a_token_that_asks_too_often_has_to_wait(ask: Ask, settings: Any) -> None:
    settings.JSON_EXPORT_REQUESTS_PER_MINUTE = 2
    answers = [ask() for _request in range(5)]  # a minute may begin meanwhile
    assert "2 times a minute" in refusal(answers[-1], 429)
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_the_last_use_is_kept_to_the_minute(ask: Ask) -> None:
    ask()
    first = ApiToken.objects.get().last_used_at
    ask()
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    ask()
    assert ApiToken.objects.get().last_used_at > first


def test_using_a_token_is_no_change_worth_a_history_row(ask: Ask) -> None:
    before = ApiToken.history.count()
    ask()
    assert ApiToken.history.count() == before


def test_answers_are_kept_by_nobody_in_between(ask: Ask) -> None:
    make_customer(email="ada@example.com")
    response = ask("customers")
    assert "no-store" in response["Cache-Control"]
    assert "Authorization" in response["Vary"]
