import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that serve the sorts, filters and searches of lists, made without stopping those who write."""

    atomic = False

    dependencies = [
        ("customers", "0003_updated_index"),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name="customer",
            name="customers_customer_phone",
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("phone"), "text_pattern_ops"
                ),
                condition=models.Q(("phone", ""), _negated=True),
                name="customers_customer_phone_pre",
            ),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(fields=["email", "id"], name="customers_customer_by_email"),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(fields=["-created_at", "-id"], name="customers_customer_created"),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("blocked", True)), fields=["-id"], name="customers_customer_blocked"
            ),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("archived_at__isnull", False)), fields=["-id"], name="customers_customer_archived"
            ),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(fields=["marketing_consent", "-id"], name="customers_customer_consent"),
        ),
    ]
