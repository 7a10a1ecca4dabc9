"""A chat to take along: Markdown to read, JSON for programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from chat import queries
from chat.models import Citation, Message, Session
from chat.serializers import message_row, session_detail
from documents import places
from documents.names import clean


def file(session: Session, *, as_json: bool) -> HttpResponse:
    """To be saved under the chat's title."""
    every = queries.every_message(session)
    answer: HttpResponse
    if as_json:
        answer, ending = JsonResponse(structured(session, every)), "json"
    else:
        text = as_markdown(session, queries.branch(every, session.leaf_id))
        answer, ending = HttpResponse(text, content_type="text/markdown; charset=utf-8"), "md"
    name = clean(f"{session.title.replace('/', ' ') or 'chat'}.{ending}")
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


def structured(session: Session, every: Sequence[Message]) -> dict[str, Any]:
    """The shape of the session's own address, what was said on all branches, and when it was
    taken. `every` is what chat.queries.every_message gives."""
    return {
        **session_detail(session, queries.branch(every, session.leaf_id)),
        "all_messages": [message_row(message) for message in every],
        "exported_at": timezone.now().isoformat(),
    }


def as_markdown(session: Session, messages: Sequence[Message]) -> str:
    """The branch that is shown; below each answer what it cites, with what was found beside it."""
    parts = [f"# {_line(session.title) or _('Chat')}", _when(session.started_at)]
    for message in messages:
        parts += [_head(message), message.content.strip() or f"*{message.error or '…'}*"]
        parts += [f"*{_('Picture')}: {_line(each['name'])}*" for each in message.pictures]
        sources = _sources(list(message.citations.all()))
        if sources:
            parts.append(sources)
    return "\n\n".join(parts) + "\n"


def _head(message: Message) -> str:
    if message.role == Message.Role.USER:
        return f"## {_('Question')} · {_when(message.created_at)}"
    name = _line(str(message.model.display_name)) if message.model else _("a model that is gone")
    return f"## {_('Answer')} · {name} · {_when(message.created_at)}"


def _sources(citations: Sequence[Citation]) -> str:
    """A list of those that are cited, numbered as the marks are."""
    rows = [_source(citation) for citation in citations if citation.cited]
    return "\n".join([f"**{_('Sources')}**", "", *rows]) if rows else ""


def _source(citation: Citation) -> str:
    where = places.words(citation.page_unit, citation.page, citation.page_label)
    called = ", ".join(filter(None, [_line(citation.document_name), where]))
    row = f"- [{citation.number}] {called}"
    if citation.source_url:
        row += f", <{citation.source_url}>"
    return f"{row}\n  > {_line(citation.excerpt)}"


def _line(text: str) -> str:
    """On one line: a name or an excerpt must not begin a heading of its own."""
    return " ".join(text.split())


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"
