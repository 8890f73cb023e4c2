"""People, roles and tokens on the desk."""

from typing import Any

import pytest

from backoffice.accounts.models import ApiToken, User
from backoffice.accounts.services import issue_token
from tests.factories import reload

pytestmark = pytest.mark.django_db
NO_ROLES = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}


@pytest.fixture
def desk(administrator: Any, signed_in: Any) -> Any:
    return signed_in(administrator)


def test_a_new_person_can_sign_in_with_the_first_password(desk: Any) -> None:
    form = {"email": "Ada@Example.com", "name": "Ada", "first_password": "engine-of-1843"} | NO_ROLES
    assert desk.post("/accounts/user/add/", form).status_code == 302
    assert User.objects.get(email="ada@example.com").check_password("engine-of-1843")


def test_a_weak_first_password_is_refused(desk: Any) -> None:
    form = {"email": "ada@example.com", "name": "Ada", "first_password": "password"} | NO_ROLES
    assert desk.post("/accounts/user/add/", form).status_code == 200
    assert not User.objects.filter(email="ada@example.com").exists()


def test_a_lost_password_is_replaced(desk: Any, viewer: Any) -> None:
    desk.post(f"/accounts/user/{viewer.pk}/do/give_password/", {"confirmed": 1, "password": "a-new-longer-one"})
    assert reload(viewer).check_password("a-new-longer-one")


def test_people_are_for_administrators(manager: Any, signed_in: Any) -> None:
    for url in ("/accounts/user/", "/accounts/apitoken/", "/auth/group/", "/axes/accessattempt/"):
        assert signed_in(manager).get(url).status_code == 403


def test_a_token_is_shown_once(desk: Any, administrator: Any) -> None:
    form = {"name": "Shop", "owner": administrator.pk, "scopes": ["orders"], "expires_at_0": "", "expires_at_1": ""}
    issued = desk.post("/accounts/apitoken/add/", form).headers["Location"]
    response = desk.get(issued)
    token = ApiToken.objects.get(name="Shop")
    secret = response.context["secret"]
    assert secret in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert desk.get(issued).headers["Location"] == "/accounts/apitoken/"
    assert secret not in desk.get(f"/accounts/apitoken/{token.pk}/change/").content.decode()
    assert ApiToken.objects.count() == 1


def test_a_new_token_offers_no_way_past_its_secret(desk: Any) -> None:
    page = desk.get("/accounts/apitoken/add/").content.decode()
    assert "_addanother" not in page
    assert "_continue" not in page


def test_a_token_is_revoked(desk: Any, administrator: Any) -> None:
    token, _secret = issue_token(owner=administrator, name="Shop", scopes=["orders"])
    desk.post(f"/accounts/apitoken/{token.pk}/do/revoke/", {"confirmed": 1})
    assert reload(token).revoked_at is not None


@pytest.mark.parametrize("page", ["/accounts/user/", "/accounts/apitoken/", "/auth/group/", "/axes/accessattempt/"])
def test_administrators_see_them(desk: Any, page: str) -> None:
    assert desk.get(page).status_code == 200
