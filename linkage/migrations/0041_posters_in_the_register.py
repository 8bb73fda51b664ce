from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns that may be empty: no row is rewritten."""

    dependencies = [("linkage", "0040_exports")]

    operations = [
        migrations.AddField(
            model_name="provisionentry",
            name="poster_taken_at",
            field=models.DateTimeField(null=True, verbose_name="picture of before: taken"),
        ),
        migrations.AddField(
            model_name="provisionentry",
            name="poster_sent_at",
            field=models.DateTimeField(null=True, verbose_name="picture of before: shown"),
        ),
    ]
