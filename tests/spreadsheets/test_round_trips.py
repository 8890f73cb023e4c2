"""Any table that an export writes, an import reads back unchanged; `make soak` tries many more."""

import pytest
from hypothesis import HealthCheck, given, settings

from catalog.models import Product
from tests.spreadsheets.round_trips import SUFFIXES, expect_round_trip, products

FEW = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", SUFFIXES)
@FEW
@given(rows=products())
def test_any_products_come_back_unchanged(suffix: str, rows: list[Product]) -> None:
    expect_round_trip(rows, suffix)
