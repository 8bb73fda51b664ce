import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cctv', '0007_field_labels'),
    ]

    operations = [
        migrations.AlterField(
            model_name='camera',
            name='site',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='cameras', to='cctv.site', verbose_name='camera site'),
        ),
    ]
