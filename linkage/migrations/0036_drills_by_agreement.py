from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linkage", "0035_refused")]

    operations = [
        migrations.AlterField(
            model_name="link",
            name="allows_drills",
            field=models.BooleanField(default=False, verbose_name="takes drills"),
        )
    ]
