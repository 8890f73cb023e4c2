"""People, roles and tokens."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError
from django.utils import timezone

from backoffice.accounts.models import ApiToken, User
from backoffice.accounts.roles import MANAGER, OPERATOR, ROLES, VIEWER, sync_roles
from backoffice.accounts.services import create_demo_users, grant_role, issue_token, revoke_token, token_digest

pytestmark = pytest.mark.django_db


def test_an_address_is_one_person_whatever_its_case() -> None:
    User.objects.create_user("Ada@Example.com", "a-long-password")
    assert User.objects.get_by_natural_key(" ADA@example.COM ").email == "ada@example.com"
    with pytest.raises(IntegrityError):
        User.objects.create_user("ada@EXAMPLE.com")


def test_the_database_refuses_an_address_in_capitals() -> None:
    user = User.objects.create_user("ada@example.com")
    with pytest.raises(IntegrityError, match="accounts_user_email_lower_case"):
        User.objects.filter(pk=user.pk).update(email="Ada@example.com")


def test_migrating_makes_the_groups_equal_to_the_code() -> None:
    group = Group.objects.get(name=VIEWER)
    wanted = set(group.permissions.values_list("codename", flat=True))
    group.permissions.clear()
    call_command("migrate", verbosity=0)
    assert set(group.permissions.values_list("codename", flat=True)) == wanted
    assert set(Group.objects.values_list("name", flat=True)) >= set(ROLES)


def test_syncing_takes_away_what_the_code_does_not_give(viewer: User) -> None:
    group = Group.objects.get(name=VIEWER)
    group.permissions.set(Group.objects.get(name=MANAGER).permissions.all())
    sync_roles()
    assert not viewer.has_perm("orders.refund_order")


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (VIEWER, "orders.view_order", "orders.change_order"),
        (VIEWER, "catalog.export_product", "customers.export_personal_data"),
        (OPERATOR, "orders.ship_order", "orders.refund_order"),
        (OPERATOR, "catalog.count_stock", "catalog.change_product"),
        (OPERATOR, "customers.change_customer", "accounts.view_user"),
        ("Catalogue manager", "catalog.import_product", "orders.change_order"),
        (MANAGER, "orders.refund_order", "accounts.change_user"),
        ("Administrator", "accounts.change_user", "catalog.no_such_permission"),
    ],
)
def test_roles_are_by_task(role: str, may: str, may_not: str) -> None:
    user = User.objects.create_user("somebody@example.com")
    grant_role(user=user, role=role)
    user = User.objects.get(pk=user.pk)
    assert user.has_perm(may)
    assert not user.has_perm(may_not)


def test_import_and_export_are_permissions_of_every_model() -> None:
    manager = Group.objects.get(name=MANAGER)
    codenames = set(manager.permissions.values_list("codename", flat=True))
    assert {"import_product", "export_product", "import_order", "export_customer"} <= codenames


def test_granting_a_role_is_recorded(viewer: User) -> None:
    membership = viewer.memberships.get()
    assert membership.history.get().history_type == "+"


def test_an_unknown_role_is_refused_with_the_known_ones(viewer: User) -> None:
    with pytest.raises(ValidationError, match="Choose one of: Viewer"):
        grant_role(user=viewer, role="Boss")


def test_demo_people_are_one_a_role_however_often_they_are_made() -> None:
    assert create_demo_users() == create_demo_users()
    assert User.objects.count() == len(ROLES)


def test_secrets_stay_out_of_history(viewer: User) -> None:
    versions = viewer.history.count()
    User.objects.filter(pk=viewer.pk).update(last_login=timezone.now())
    assert viewer.history.count() == versions
    assert not hasattr(viewer.history.first(), "password")


def test_a_changed_password_leaves_a_version_without_it(viewer: User) -> None:
    versions = viewer.history.count()
    viewer.set_password("another-long-password")
    viewer.save()
    assert viewer.history.count() == versions + 1


def test_a_token_is_kept_as_its_hash(manager: User) -> None:
    token, secret = issue_token(owner=manager, name="Warehouse", scopes=["orders"])
    assert token.digest == token_digest(secret)
    assert secret not in str(ApiToken.objects.values().get())


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_a_token_opens_known_things_only(manager: User, scopes: list[str]) -> None:
    with pytest.raises(ValidationError, match="at least one of: products"):
        issue_token(owner=manager, name="Warehouse", scopes=scopes)


def test_a_token_that_has_expired_cannot_be_made(manager: User) -> None:
    with pytest.raises(ValidationError, match="Choose a later time"):
        issue_token(owner=manager, name="Old", scopes=["orders"], expires_at=timezone.now())


def closed_by_time(token: Any) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())


def closed_by_hand(token: Any) -> None:
    revoke_token(token=token)


def closed_with_its_owner(token: Any) -> None:
    User.objects.filter(pk=token.owner_id).update(is_active=False)


@pytest.mark.parametrize("close", [closed_by_time, closed_by_hand, closed_with_its_owner])
def test_a_closed_token_is_not_usable(manager: User, close: Any) -> None:
    token, _secret = issue_token(
        owner=manager, name="Shop", scopes=["orders"], expires_at=timezone.now() + timedelta(days=1)
    )
    assert ApiToken.objects.usable(at=timezone.now()).get() == token
    close(token)
    assert not ApiToken.objects.usable(at=timezone.now()).exists()
