"""The doors to web sources, questions and answers, and embedding models. All are for admins."""

from core.contract import Binary, ListOf, Operation
from documents import shapes
from documents.embeddings_api import EmbeddingSerializer
from documents.knowledge import api as knowledge_api
from documents.knowledge.serializers import EntryChange, EntrySerializer
from documents.web import api as web_api

EMBEDDING = "embeddings/{embedding_id}"
SOURCE = "sources/web/{source_id}"
ENTRY = "knowledge/{entry_id}"

OPERATIONS = {
    "GET embeddings": Operation("List embedding models", ListOf("embeddings", shapes.Embedding)),
    "POST embeddings": Operation(
        "Register an embedding model",
        {201: shapes.Embedding, 200: shapes.Embedding},
        body=EmbeddingSerializer,
        errors=(404, 409, 424, 502, 503),
        is_limited=True,
        note="Embeds one text with it first. 200: it is registered already.",
        example={"provider": "local", "name": "all-MiniLM-L6-v2"},
    ),
    f"GET {EMBEDDING}": Operation("Get an embedding model", shapes.Embedding),
    f"DELETE {EMBEDDING}": Operation(
        "Delete an embedding model",
        {202: None},
        errors=(409, 503),
        note="With its vectors, in the background.",
    ),
    f"POST {EMBEDDING}/use": Operation(
        "Use an embedding model",
        {202: shapes.Embedding},
        errors=(409, 503),
        note="Prepares it for everything there is; then searches go by it.",
    ),
    f"POST {EMBEDDING}/approve": Operation(
        "Approve an embedding model",
        shapes.Embedding,
        errors=(409,),
        note="Change to it although the evaluation says that searches get worse.",
    ),
    f"POST {EMBEDDING}/cancel": Operation(
        "Stop preparing an embedding model", shapes.Embedding, errors=(409,)
    ),
    "GET sources/web": Operation(
        "List web sources",
        ListOf("sources", web_api.SourceSerializer),
        query=web_api.ListParameters,
    ),
    "POST sources/web": Operation(
        "Add a web source",
        {201: web_api.SourceSerializer},
        body=web_api.SourceSerializer,
        errors=(404, 409),
        example={"url": "https://example.org/", "refresh": "weekly"},
    ),
    f"GET {SOURCE}": Operation(
        "Get a web source with its pages", web_api.WholeSerializer, note="The first 500 pages."
    ),
    f"PATCH {SOURCE}": Operation(
        "Change a web source",
        web_api.SourceSerializer,
        body=web_api.ChangeSerializer,
        errors=(409,),
        example={"refresh": "daily"},
    ),
    f"DELETE {SOURCE}": Operation("Delete a web source", errors=(409,)),
    f"POST {SOURCE}/refresh": Operation(
        "Refresh a web source", {202: web_api.SourceSerializer}, errors=(409, 503)
    ),
    "GET knowledge": Operation(
        "List questions and answers",
        ListOf("knowledge", EntrySerializer),
        query=knowledge_api.ListParameters,
    ),
    "POST knowledge": Operation(
        "Add a question with its answer",
        {201: EntrySerializer},
        body=EntrySerializer,
        errors=(404, 409),
        example={"question": "When is the exam?", "answer": "On 12 December at 9:00."},
    ),
    "POST knowledge/import": Operation(
        "Import questions and answers",
        shapes.Imported,
        body=knowledge_api.ImportSerializer,
        errors=(404, 409),
        note="A CSV table, as a file or as text; with `preview` nothing is changed.",
        example={"csv": "question,answer\nWhen is the exam?,On 12 December.", "preview": True},
    ),
    "GET knowledge/export": Operation(
        "Export questions and answers",
        Binary(("text/csv",), "One row for each."),
        query=knowledge_api.ListParameters,
    ),
    f"GET {ENTRY}": Operation("Get a question with its answer", EntrySerializer),
    f"PATCH {ENTRY}": Operation(
        "Change a question or its answer",
        EntrySerializer,
        body=EntryChange,
        errors=(409,),
        example={"answer": "On 13 December at 9:00."},
    ),
    f"DELETE {ENTRY}": Operation("Delete a question with its answer"),
}
