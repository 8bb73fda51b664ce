import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cctv', '0005_import_totals'),
        ('municipalities', '0003_map_layer'),
    ]

    operations = [
        migrations.AlterField(
            model_name='importchange',
            name='batch',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='cctv.importbatch'),
        ),
        migrations.AlterField(
            model_name='importchange',
            name='municipality',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='municipalities.municipality'),
        ),
    ]
