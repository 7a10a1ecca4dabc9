from django.db import migrations

from documents.row_security import (
    BY_COLLECTION,
    BY_SOURCE,
    COLLECTION,
    DROP_ME,
    ME,
    expose,
    protect,
)

TABLES = {
    "documents_collection": COLLECTION,
    "documents_knowledgeentry": BY_COLLECTION,
    "documents_websource": BY_COLLECTION,
    "documents_webpage": BY_SOURCE,
}


class Migration(migrations.Migration):
    dependencies = [("documents", "0014_open_is_for_all_to_read")]

    operations = [
        migrations.RunSQL(ME, DROP_ME),
        *[
            migrations.RunSQL(protect(table, readable), expose(table))
            for table, readable in TABLES.items()
        ],
    ]
