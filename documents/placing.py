"""In which collection a document lies: its row, and every row made from it that repeats it."""

from functools import cache
from typing import Any

from django.apps import apps

from documents.models import Collection, Document


def put(document: Document, target: Collection) -> None:
    """Move a locked document, inside the caller's transaction.

    What search ranks carries the collection too, so that a scope is one look into an index: it
    moves in the same transaction, and nobody finds by a right that has ended.
    """
    document.collection = target
    document.save(update_fields=["collection"])
    for model in _copies():
        model.objects.filter(document=document).update(collection=target)


@cache
def _copies() -> list[type[Any]]:
    """The models of this room that have both a document and a collection."""
    names = {"document", "collection"}
    return [
        model
        for model in apps.get_app_config("documents").get_models()
        if names <= {field.name for field in model._meta.get_fields()} and model is not Document
    ]
