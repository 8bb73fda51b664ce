from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("cctv", "0010_borrowed_cameras"),
    ]

    operations = [
        migrations.AddField(
            model_name="camera",
            name="sub_secret",
            field=models.BinaryField(null=True),
        ),
        migrations.AddConstraint(
            model_name="camera",
            constraint=models.CheckConstraint(
                condition=models.Q(sub_secret__isnull=True) | models.Q(source_kind="stream"),
                name="camera_sub_beside_main",
            ),
        ),
    ]
