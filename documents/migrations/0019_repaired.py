from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0018_pictures")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="is_repaired",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="damaged, read in part"
            ),
        ),
    ]
