"""The events of a generation as the socket carries them: the one place that names them."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chat.models import Citation, Message
from chat.tools import Looked
from documents import places
from documents.models import Document
from llm.models import LanguageModel
from rag.quotes import digest
from rag.settling import Cited
from rag.sources import Source

Event = dict[str, Any]


def user_message(message: Message) -> Event:
    return {"type": "user_message", "message": brief(message)}


def stream_start(answer: Message, model: LanguageModel | None) -> Event:
    return {"type": "stream_start", "message_id": str(answer.id), "model": model_brief(model)}


def switched(step: dict[str, Any]) -> Event:
    """Another model than the one named before answers; the step is what `switch` gives."""
    return {"type": "model", **{name: step[name] for name in ("model", "instead_of", "reason")}}


def switch(model: LanguageModel, instead_of: LanguageModel, reason: str) -> dict[str, Any]:
    """As it is kept in a message's steps. `reason` is the error code of who did not answer."""
    return {
        "name": "model",
        "status": "completed",
        "model": model_brief(model),
        "instead_of": model_brief(instead_of),
        "reason": reason,
    }


def searching(name: str, query: str) -> Event:
    return {"type": "tool", "name": name, "query": query, "status": "searching"}


def searched(name: str, query: str, looked: Looked, error: str = "") -> Event:
    """`words_only`: the query could not be embedded, so that only its words were looked for;
    `unread`: so many files could not be searched, because they are still being read."""
    event: Event = {
        "type": "tool",
        "name": name,
        "query": query,
        "status": "completed",
        "results_count": looked.count,
    }
    if looked.words_only:
        event["words_only"] = True
    if looked.unread:
        event["unread"] = looked.unread
    return {**event, "error": error} if error else event


def found(sources: Sequence[Source]) -> Event:
    return {"type": "sources", "sources": [source_payload(source) for source in sources]}


def reasoning(content: str) -> Event:
    return {"type": "reasoning", "content": content}


def stream_end(stop_reason: str) -> Event:
    return {"type": "stream_end", "stop_reason": stop_reason}


def message_saved(message: Message, citations: Sequence[Citation]) -> Event:
    return {"type": "message_saved", "message": full(message, citations)}


def error(code: str, sentence: str, retryable: bool, retry_after: float | None = None) -> Event:
    """`retry_after`: seconds from which on another try has a chance, where that is known."""
    event = {"type": "error", "code": code, "message": sentence, "retryable": retryable}
    return event if retry_after is None else {**event, "retry_after": math.ceil(retry_after)}


def brief(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "role": message.role,
        "content": message.content,
        "created_at": message.created_at.isoformat(),
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "attachments": [attachment(each) for each in message.pictures],
    }


def attachment(picture: dict[str, Any]) -> dict[str, Any]:
    """A picture of a question, and where it is to be seen."""
    return {**picture, "url": f"/api/v1/chat/pictures/{picture['id']}"}


def full(message: Message, citations: Sequence[Citation]) -> dict[str, Any]:
    return {
        **brief(message),
        "status": message.status,
        "stop_reason": message.stop_reason,
        "error_code": message.error_code,
        "steps": message.steps,
        "model": model_brief(message.model),
        "sources": [citation_payload(citation) for citation in citations],
    }


def model_brief(model: LanguageModel | None) -> dict[str, Any] | None:
    return {"id": str(model.pk), "display_name": str(model.display_name)} if model else None


def source_payload(source: Source) -> dict[str, Any]:
    hit = source.hit
    return _source(
        number=source.number,
        document_id=str(hit.document_id),
        document_name=hit.filename,
        page=hit.page,
        page_unit=hit.page_unit,
        page_label=hit.page_label,
        chunk_id=hit.chunk_id,
        chunk_index=hit.ordinal,
        score=hit.score,
        excerpt=hit.text,
        start=hit.start,
        end=hit.end,
        cited=False,
        verified=False,
        match="",
        quotes=[],
        source_url=hit.source_url,
        fetched_at=hit.fetched_at,
    )


def citation_payload(citation: Citation) -> dict[str, Any]:
    return _source(
        number=citation.number,
        document_id=str(citation.document_id) if citation.document_id else None,
        document_name=citation.document_name,
        page=citation.page,
        page_unit=citation.page_unit,
        page_label=citation.page_label,
        chunk_id=citation.chunk_id,
        chunk_index=citation.chunk_index,
        score=citation.score,
        excerpt=citation.excerpt,
        start=citation.start,
        end=citation.end,
        cited=citation.cited,
        verified=citation.verified,
        match=citation.match,
        quotes=citation.quotes,
        source_url=citation.source_url,
        fetched_at=citation.fetched_at,
    )


def _source(
    *,
    document_name: str,
    page: int,
    score: float,
    source_url: str,
    fetched_at: datetime | None,
    **fields: Any,
) -> dict[str, Any]:
    # Both vocabularies of the contract: S1 says document_name, page_number and relevance_score in
    # stored messages, filename, page and similarity_score in the stream.
    score = round(score, 4)
    return {
        **fields,
        "document_name": document_name,
        "filename": document_name,
        "page": page,
        "page_number": page,
        "similarity_score": score,
        "relevance_score": score,
        "source_url": source_url,
        "fetched_at": fetched_at.isoformat() if fetched_at else None,
    }


def _label(cited: Cited) -> str:
    """Of a table the rows that are cited: fewer than the passage holds."""
    hit = cited.source.hit
    if hit.page_unit != Document.PageUnit.ROWS:
        return hit.page_label
    rows = places.rows_at(hit.text, cited.start - hit.start, cited.end - hit.start)
    return places.label(hit.page_unit, hit.page, text=rows) if rows else hit.page_label


def citation(message: Message, cited: Cited) -> Citation:
    hit = cited.source.hit
    return Citation(
        message=message,
        number=cited.source.number,
        document_id=hit.document_id,
        document_name=hit.filename[:255],
        chunk_id=hit.chunk_id,
        chunk_index=hit.ordinal,
        page=hit.page,
        page_unit=hit.page_unit,
        page_label=_label(cited),
        start=cited.start,
        end=cited.end,
        excerpt=cited.excerpt,
        score=hit.score,
        cited=cited.cited,
        verified=cited.verified,
        match=cited.match,
        quotes=[asdict(quote) for quote in cited.quotes],
        excerpt_hash=digest(cited.excerpt),
        source_url=hit.source_url,
        fetched_at=hit.fetched_at,
    )
