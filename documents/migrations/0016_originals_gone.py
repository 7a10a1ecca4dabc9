from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0015_wall_around_collections")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="original_missing_since",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="original missing since"
            ),
        ),
    ]
