from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


def lease_as_held(apps, schema_editor):
    """What is held now was held without a lease: to its time limit."""
    apps.get_model("cctv", "PtzLock").objects.update(lease_until=F("until"))


class Migration(migrations.Migration):
    dependencies = [
        ("cctv", "0018_tampering_is_a_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="ptzlock",
            name="person",
            field=models.CharField(
                blank=True, default="", max_length=60, verbose_name="person of the agency"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="ptzlock",
            name="lease_until",
            field=models.DateTimeField(null=True, verbose_name="unless heard of until"),
        ),
        migrations.RunPython(lease_as_held, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="ptzlock",
            name="lease_until",
            field=models.DateTimeField(verbose_name="unless heard of until"),
        ),
        # A person who acts for an agency is known by both.
        migrations.RemoveConstraint(model_name="ptzlock", name="ptz_lock_has_one_holder"),
        migrations.AddConstraint(
            model_name="ptzlock",
            constraint=models.CheckConstraint(
                condition=Q(holder__isnull=False) | Q(link_id__isnull=False),
                name="ptz_lock_has_holder",
            ),
        ),
    ]
