import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that serve the sorts, filters and searches of lists, made without stopping those who write."""

    atomic = False

    dependencies = [
        ("customers", "0004_list_indexes"),
        ("orders", "0002_numbers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name="shipment",
            name="orders_shipment_tracking",
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(condition=models.Q(("kind", "credit")), fields=["-id"], name="orders_order_credit"),
        ),
        AddIndexConcurrently(
            model_name="payment",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("provider_reference"), "text_pattern_ops"
                ),
                condition=models.Q(("provider_reference", ""), _negated=True),
                name="orders_payment_reference",
            ),
        ),
        AddIndexConcurrently(
            model_name="shipment",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("tracking_number"), "text_pattern_ops"
                ),
                condition=models.Q(("tracking_number", ""), _negated=True),
                name="orders_shipment_tracking_code",
            ),
        ),
    ]
