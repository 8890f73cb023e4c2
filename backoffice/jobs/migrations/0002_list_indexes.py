import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that serve the sorts, filters and searches of lists, made without stopping those who write."""

    atomic = False

    dependencies = [
        ("jobs", "0001_initial"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(fields=["-created_at", "-id"], name="jobs_job_created"),
        ),
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("key"), "text_pattern_ops"
                ),
                name="jobs_job_key_prefix",
            ),
        ),
    ]
