from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('municipalities', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='municipalitycode',
            name='code_once_per_period',
        ),
        migrations.AddField(
            model_name='municipalitycode',
            name='scheme',
            field=models.CharField(choices=[('legal', 'administrative code'), ('organisation', 'organisation code')], default='legal', max_length=12, verbose_name='kind of code'),
        ),
        migrations.AddConstraint(
            model_name='municipalitycode',
            constraint=models.UniqueConstraint(fields=('scheme', 'code', 'valid_from'), name='code_once_per_period', nulls_distinct=False),
        ),
    ]
