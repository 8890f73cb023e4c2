"""History is complete, and only history."""

import pytest
from django.db import IntegrityError, connection, transaction

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db


def test_an_update_by_queryset_is_recorded() -> None:
    product = make_product(name="Old")
    with recording(kind="shell", reason="spelling"):
        Product.objects.filter(pk=product.pk).update(name="New")
    newest = product.history.first()
    assert (newest.history_type, newest.name, newest.history_change_reason) == ("~", "New", "spelling")
    assert newest.change_set.counts == {"catalog.product": {"~": 1}}


def test_an_update_that_changes_nothing_leaves_nothing() -> None:
    product = make_product(name="Same")
    before = ChangeSet.objects.count()
    with recording(kind="shell"):
        Product.objects.filter(pk=product.pk).update(name="Same")
    assert product.history.count() == 1
    assert ChangeSet.objects.count() == before


@pytest.mark.parametrize("statement", ["DELETE FROM", "TRUNCATE"])
def test_history_refuses_to_be_emptied(statement: str) -> None:
    make_product()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{statement} catalog_historicalproduct")
