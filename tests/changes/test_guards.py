"""History and ledgers can be added to, and nothing else."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from backoffice.changes.models import TrackedModel
from catalog.models import Product, StockMovement
from tests.factories import make_product

pytestmark = pytest.mark.django_db

TRACKED = [model for model in apps.get_models() if issubclass(model, TrackedModel)]
HISTORY = [model.history.model for model in TRACKED]  # type: ignore[attr-defined]


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("model", [*HISTORY, StockMovement], ids=lambda model: model._meta.label)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_append_only_tables_refuse(model: type[models.Model], statement: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        execute(statement.format(model._meta.db_table))


@pytest.mark.parametrize("model", TRACKED, ids=lambda model: model._meta.label)
def test_tracked_tables_refuse_to_be_truncated(model: type[models.Model]) -> None:
    with pytest.raises(IntegrityError, match="TRUNCATE is refused"):
        execute(f"TRUNCATE {model._meta.db_table} CASCADE")


def test_every_domain_model_is_tracked() -> None:
    derived = {"customers.CustomerFigures"}
    domain = [
        model._meta.label
        for app in ("accounts", "catalog", "customers", "orders")
        for model in apps.get_app_config(app).get_models()
        if model not in HISTORY and not issubclass(model, TrackedModel)
    ]
    assert set(domain) == derived


def test_stock_moves_by_the_ledger_only() -> None:
    product = make_product(on_hand=5)
    with pytest.raises(IntegrityError, match="stock movements only"):
        execute("UPDATE catalog_product SET on_hand = 6")
    assert Product.objects.get(pk=product.pk).on_hand == 5
