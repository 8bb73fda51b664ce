from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

# What every alert has said of itself until now.
VALID = timedelta(hours=24)


def fill_expiry(apps, schema_editor):
    apps.get_model("linkage", "CapIssue").objects.update(expires=F("sent") + VALID)


class Migration(migrations.Migration):
    dependencies = [("linkage", "0036_drills_by_agreement")]

    operations = [
        migrations.AddField(
            model_name="capissue",
            name="expires",
            field=models.DateTimeField(null=True, verbose_name="expires"),
        ),
        migrations.RunPython(fill_expiry, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="capissue",
            name="expires",
            field=models.DateTimeField(verbose_name="expires"),
        ),
        migrations.AddField(
            model_name="capalert",
            name="document",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cap_alerts",
                to="linkage.rawintake",
                verbose_name="document",
            ),
        ),
        migrations.AlterField(
            model_name="capsource",
            name="senders",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text=(
                    "allowed CAP senders; empty: the link may open alerts in anybody's name, "
                    "so list them before it is used in earnest"
                ),
                verbose_name="senders",
            ),
        ),
        migrations.AddIndex(
            model_name="capalert",
            index=models.Index(
                fields=["municipality", "-received_at"], name="cap_alert_by_time"
            ),
        ),
    ]
