"""The sequence that customer numbers come from. Gaps are allowed: a number is never waited for."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE customers_customer_numbers START 1000001", "DROP SEQUENCE customers_customer_numbers"
        )
    ]
