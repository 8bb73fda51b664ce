import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cctv", "0016_camera_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name="mediasession",
            name="looked_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
