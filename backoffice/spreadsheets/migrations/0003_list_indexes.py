import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that serve the sorts, filters and searches of lists, made without stopping those who write."""

    atomic = False

    dependencies = [
        ("spreadsheets", "0002_staging"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="importjob",
            index=models.Index(fields=["state", "-id"], name="spreadsheets_import_state"),
        ),
        AddIndexConcurrently(
            model_name="importjob",
            index=models.Index(fields=["-created_at", "-id"], name="spreadsheets_import_created"),
        ),
        AddIndexConcurrently(
            model_name="importjob",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("filename"), "text_pattern_ops"
                ),
                name="spreadsheets_import_filename",
            ),
        ),
    ]
