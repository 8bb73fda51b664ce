import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("cctv", "0011_sessions_of_all"),
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
        migrations.CreateModel(
            name="MediaSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("session_id", models.CharField(max_length=64)),
                ("pass_digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("bytes_sent", models.BigIntegerField(default=0)),
                ("admitted_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("kicked_at", models.DateTimeField(blank=True, null=True)),
                ("view", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="media_sessions", to="cctv.viewrecord")),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("kicked_at__isnull", True)), fields=["view"], name="media_session_open")],
                "constraints": [models.UniqueConstraint(fields=("kind", "session_id"), name="media_session_once")],
            },
        ),
    ]
