import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that serve the sorts, filters and searches of lists, made without stopping those who write."""

    atomic = False

    dependencies = [
        ("catalog", "0002_updated_index"),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name="product",
            name="catalog_product_barcode",
        ),
        RemoveIndexConcurrently(
            model_name="stockmovement",
            name="catalog_stockmovement_created",
        ),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("barcode"), "text_pattern_ops"
                ),
                condition=models.Q(("barcode", ""), _negated=True),
                name="catalog_product_barcode_code",
            ),
        ),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(fields=["sku", "id"], name="catalog_product_by_sku"),
        ),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(fields=["name", "id"], name="catalog_product_by_name"),
        ),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("available__lte", models.F("reorder_level")), ("status", "active")),
                fields=["-id"],
                name="catalog_product_low",
            ),
        ),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("allow_backorder", True)), fields=["-id"], name="catalog_product_backorder"
            ),
        ),
        AddIndexConcurrently(
            model_name="stockmovement",
            index=models.Index(fields=["-created_at", "-id"], name="catalog_stockmovement_when"),
        ),
    ]
