from django.db import migrations, models
from django.db.models import Q

from documents.row_security import (
    BY_COLLECTION,
    BY_DOCUMENT,
    DROP_FUNCTIONS,
    FUNCTIONS,
    expose,
    protect,
)

TABLES = {
    "documents_document": BY_COLLECTION,
    "documents_page": BY_DOCUMENT,
    "documents_chunk": BY_COLLECTION,
    "documents_chunkvector": BY_COLLECTION,
    "documents_posting": BY_COLLECTION,
    # Vectors of files that are still being read: nobody's business but the worker's.
    "documents_pendingvector": "",
}


class Migration(migrations.Migration):
    dependencies = [("documents", "0004_sharing")]

    operations = [
        migrations.AddIndex(
            "collection",
            models.Index(fields=["id"], condition=Q(is_open=True), name="collection_open"),
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *[
            migrations.RunSQL(protect(table, readable), expose(table))
            for table, readable in TABLES.items()
        ],
    ]
