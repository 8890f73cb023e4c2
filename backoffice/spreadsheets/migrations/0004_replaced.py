from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("spreadsheets", "0003_list_indexes")]

    operations = [
        migrations.AddField(
            model_name="importjob",
            name="replaced",
            field=models.JSONField(
                blank=True, default=dict, help_text="Word by word, by field.", verbose_name="replaced values"
            ),
        ),
    ]
