from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns that may be empty: no row is rewritten."""

    dependencies = [("cctv", "0019_ptz_hands_of_agencies")]

    operations = [
        migrations.AddField(
            model_name="viewrecord",
            name="poster_taken_at",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="picture of before: taken"
            ),
        ),
        migrations.AddField(
            model_name="viewrecord",
            name="poster_sent_at",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="picture of before: shown"
            ),
        ),
    ]
