"""A program that reads the export with a token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from backoffice.accounts.services import issue_token

Ask = Callable[..., Any]


def ask_with(secret: str) -> Ask:
    """Return a function that asks for a collection, and gives the response."""

    def ask(name: str = "products", **parameters: Any) -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        return Client().get(f"/export/v1/{name}.json", query_params=parameters, headers=headers)

    return ask


@pytest.fixture
def ask(manager: Any) -> Ask:
    """Ask with a token that opens everything, of an owner who may see everything."""
    _token, secret = issue_token(owner=manager, name="ERP", scopes=["products", "customers", "orders"])
    return ask_with(secret)
