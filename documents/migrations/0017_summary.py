from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0016_originals_gone")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="summary",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="summary"),
        ),
    ]
