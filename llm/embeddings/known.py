"""What is known of embedding models by their names: a start, which a row may say otherwise.

Sizes and the words before questions and passages are those of the models' own cards.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    dimensions: int
    query_prefix: str = ""
    document_prefix: str = ""


UNKNOWN = Known(0)
_TASKS = ("task: search result | query: ", "title: none | text: ")
_SENTENCE = "Represent this sentence for searching relevant passages: "
_INSTRUCTION = (
    "Instruct: Given a question, retrieve passages that answer the question\nQuery:"  # qwen3
)
_KNOWN = {
    "all-minilm-l6-v2": Known(384),
    "all-minilm": Known(384),
    "text-embedding-3-small": Known(1536),
    "text-embedding-3-large": Known(3072),
    "text-embedding-ada-002": Known(1536),
    "gemini-embedding-001": Known(3072),
    # It takes no task type: what a text is for stands before it.
    "gemini-embedding-2": Known(3072, *_TASKS),
    "embeddinggemma": Known(768, *_TASKS),
    "nomic-embed-text": Known(768, "search_query: ", "search_document: "),
    "mxbai-embed-large": Known(1024, _SENTENCE),
    "snowflake-arctic-embed": Known(1024, _SENTENCE),
    "snowflake-arctic-embed2": Known(1024, "query: "),
    "bge-m3": Known(1024),
    "multilingual-e5-large": Known(1024, "query: ", "passage: "),
    "multilingual-e5-base": Known(768, "query: ", "passage: "),
    "multilingual-e5-small": Known(384, "query: ", "passage: "),
    "qwen3-embedding": Known(0, _INSTRUCTION),
}


def known(name: str) -> Known:
    """By the name without the account before it and the tag after it; UNKNOWN for others."""
    plain = name.rpartition("/")[2].partition(":")[0].lower()
    return _KNOWN.get(plain, UNKNOWN)
