from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cctv', '0004_camera_policy'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='importbatch',
            name='judged_to',
        ),
        migrations.AddField(
            model_name='importbatch',
            name='delimiter',
            field=models.CharField(default=',', max_length=1),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='keep_missing',
            field=models.BooleanField(default=False, verbose_name='keep sites that the file no longer names'),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='totals',
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name='importbatch',
            name='cursor',
            field=models.BigIntegerField(default=0),
        ),
    ]
