"""Whether a document reads as it did before: then its passages, vectors and citations stay."""

from typing import TYPE_CHECKING

from documents import lexical
from documents.models import Chunk, ChunkVector, Document, Page
from llm.models import EmbeddingModel

if TYPE_CHECKING:
    from documents.ingest.store import Reading

NAMES = ("ordinal", "page", "start", "end", "heading", "text", "language")


def is_stored(document: Document, reading: "Reading", model: EmbeddingModel) -> bool:
    """Whether just this is stored already, with a vector by `model` for every passage.

    Asked inside the transaction that would replace it. The name counts, as it stands in the header
    that is embedded with each passage, and so does the tokeniser of the postings.
    """
    named = Document.objects.filter(
        id=document.id,
        original_filename=document.original_filename,
        lexical_version=lexical.VERSION,
    )
    if not named.exists():
        return False
    pages = list(
        Page.objects.filter(document=document).order_by("number").values_list("number", "text")
    )
    if pages != [(page.number, page.text) for page in reading.pages]:
        return False
    chunks = Chunk.objects.filter(document=document).order_by("ordinal")
    read = [
        (d.ordinal, d.page, d.start, d.end, d.heading, d.text, language)
        for d, language in zip(reading.drafts, reading.languages, strict=True)
    ]
    vectors = ChunkVector.objects.filter(document=document, embedding_model=model)
    return list(chunks.values_list(*NAMES)) == read and vectors.count() == len(read)
