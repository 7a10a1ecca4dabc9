"""The doors to documents and collections, as core.contract has them."""

from core.contract import Binary, ListOf, Operation
from documents import shapes
from documents.collections_serializers import (
    CollectionIn,
    CollectionParameters,
    DeleteParameters,
)
from documents.contract_sources import OPERATIONS as OF_SOURCES
from documents.ingest import formats
from documents.serializers import (
    DocumentDetailSerializer,
    DocumentSerializer,
    FileOnly,
    FindParameters,
    ListParameters,
    MoveSerializer,
    PageParameters,
    PageSerializer,
    PlacesSerializer,
    QuotaSerializer,
    StatusSerializer,
    UploadSerializer,
)

FILE = "files/{document_id}"
COLLECTION = "collections/{collection_id}"
UPLOADED = {201: DocumentSerializer, 200: DocumentSerializer}
NOWHERE = "0192f3a4-5b6c-7d8e-9f01-23456789abcd"
AGAIN = "200: the same file is here already."
MEDIA = tuple(sorted({*formats.media_types(), "application/octet-stream"}))

OPERATIONS = {
    "GET files": Operation(
        "List files",
        ListOf("files", DocumentSerializer),
        query=ListParameters,
        errors=(404,),
        note="All I may read, the newest first.",
    ),
    "POST files/upload": Operation(
        "Upload a file",
        UPLOADED,
        body={"multipart/form-data": UploadSerializer},
        errors=(404, 503),
        is_idempotent=True,
        is_limited=True,
        note="Without `collection_id` a student's file goes to a collection of the student's own, "
        f"an admin's to the default collection. {AGAIN}",
    ),
    "GET files/quota": Operation("Get my quota", QuotaSerializer),
    f"GET {FILE}": Operation("Get a file with its text", DocumentDetailSerializer),
    f"PATCH {FILE}": Operation(
        "Move a file",
        DocumentSerializer,
        body=MoveSerializer,
        is_partial=False,
        errors=(409,),
        example={"collection_id": NOWHERE},
    ),
    f"DELETE {FILE}": Operation("Delete a file", note="With all that was made of it."),
    f"PATCH {FILE}/status": Operation(
        "Set the status of a file",
        DocumentSerializer,
        body=StatusSerializer,
        is_partial=False,
        errors=(409,),
        note="For admins.",
        example={"status": "UPLOADED"},
    ),
    f"POST {FILE}/reprocess": Operation(
        "Read a file anew", {202: DocumentSerializer}, errors=(409, 503)
    ),
    f"POST {FILE}/retry": Operation(
        "Try a failed file again", {202: DocumentSerializer}, errors=(409, 503)
    ),
    f"POST {FILE}/cancel": Operation(
        "Stop reading a file", {202: DocumentSerializer}, errors=(409,)
    ),
    f"GET {FILE}/download": Operation(
        "Download a file",
        {
            200: Binary(MEDIA, "All of it."),
            206: Binary(MEDIA, "The range asked for."),
            304: None,
            416: None,
        },
        errors=(503,),
        headers=("ETag", "Accept-Ranges", "Content-Disposition"),
    ),
    f"GET {FILE}/pages/{{number}}": Operation(
        "Get a page of a file",
        PageSerializer,
        query=PageParameters,
        note="Its text; with `chunk` or `start` and `end` also the rectangles of these words.",
    ),
    f"GET {FILE}/search": Operation(
        "Find in a file", PlacesSerializer, query=FindParameters, note="At most 500 places."
    ),
    "GET collections": Operation(
        "List collections", ListOf("collections", shapes.Collection), query=CollectionParameters
    ),
    "POST collections": Operation(
        "Make a collection",
        {201: shapes.Collection},
        body=CollectionIn,
        errors=(404, 409),
        example={"name": "Biology 101", "users": ["bob@example.org"]},
    ),
    f"GET {COLLECTION}": Operation("Get a collection", shapes.Collection),
    f"PATCH {COLLECTION}": Operation(
        "Change a collection",
        shapes.Collection,
        body=CollectionIn,
        errors=(409,),
        note="Each list of people replaces the one before.",
        example={"name": "Biology 102"},
    ),
    f"DELETE {COLLECTION}": Operation(
        "Delete a collection",
        query=DeleteParameters,
        errors=(409,),
        note="One that holds files asks what becomes of them: delete, or keep (they go back to "
        "their owners).",
    ),
    f"POST {COLLECTION}/leave": Operation(
        "Leave a collection",
        errors=(409,),
        note="Out of my searches with what somebody shared with me.",
    ),
    f"GET {COLLECTION}/files": Operation(
        "List the files of a collection", ListOf("files", DocumentSerializer), query=ListParameters
    ),
    f"POST {COLLECTION}/files": Operation(
        "Upload a file to a collection",
        UPLOADED,
        body={"multipart/form-data": FileOnly},
        errors=(503,),
        is_idempotent=True,
        is_limited=True,
        note=AGAIN,
    ),
    **OF_SOURCES,
}
