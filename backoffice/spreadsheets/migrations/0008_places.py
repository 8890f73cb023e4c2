from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('spreadsheets', '0007_exports'),
    ]

    operations = [
        migrations.AddField(
            model_name='importjob',
            name='source',
            field=models.CharField(choices=[('desk', 'The desk'), ('command', 'The command line'), ('folder', 'A watched folder')], default='desk', max_length=8, verbose_name='came from'),
        ),
        migrations.RenameField(model_name='watchedfile', old_name='modified_ns', new_name='version'),
        migrations.AlterField(
            model_name='watchedfile',
            name='version',
            field=models.CharField(help_text='What else tells its states apart.', max_length=200, verbose_name='version'),
        ),
        migrations.AlterField(
            model_name='watchedfile',
            name='path',
            field=models.CharField(max_length=2000, unique=True, verbose_name='path'),
        ),
        migrations.AddField(
            model_name='watchedfile',
            name='target',
            field=models.CharField(blank=True, default='', max_length=2000, verbose_name='moved to'),
            preserve_default=False,
        ),
    ]
