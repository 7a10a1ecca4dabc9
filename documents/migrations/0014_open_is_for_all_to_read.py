from django.db import migrations, models
from django.db.models import Q

CLOSE = "update documents_collection set is_open = false where kind in ('personal', 'chat')"


class Migration(migrations.Migration):
    dependencies = [("documents", "0013_remarks")]

    operations = [
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "collection",
            models.CheckConstraint(
                condition=Q(is_open=False) | ~Q(kind__in=["personal", "chat"]),
                name="open_is_for_all_to_read",
            ),
        ),
    ]
