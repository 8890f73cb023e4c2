"""The schema that staging tables live in, apart from what is kept; a dump may leave it out."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("spreadsheets", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SCHEMA IF NOT EXISTS spreadsheets_staging",
            "DROP SCHEMA IF EXISTS spreadsheets_staging CASCADE",
        )
    ]
