"""The sequence that order numbers come from. Gaps are allowed: a number is never waited for."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE orders_order_numbers START 1000001", "DROP SEQUENCE orders_order_numbers")
    ]
