"""Opening a saved citation: where its words stand now, and whether the reader may still go."""

import uuid
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from chat import queries
from chat.models import Citation
from core.errors import NotFound
from documents import places
from documents.asking import reading_as
from documents.models import Document, Page
from rag.anchors import CHANGED, MOVED, Anchor, Words, anchor
from rag.quotes import find_quote

DELETED, CLOSED = "deleted", "closed"


def place(user: User, message_id: uuid.UUID, number: int) -> dict[str, Any]:
    """{state, sentence, document_id, document_name, page, page_unit, page_label, start, end,
    quotes, excerpt}; unit and label as in documents.places.

    Raises NotFound for what is not an answer of the user's. A document that is gone, or that the
    user may no longer read, has no id: the excerpt was part of the answer and stays.
    """
    citation = queries.message(user, message_id).citations.filter(number=number).first()
    if citation is None:
        raise NotFound
    if citation.document_id is None:
        return _answer(citation, DELETED)
    words = Words(
        citation.excerpt, citation.page, citation.start, citation.end, citation.excerpt_hash
    )
    with reading_as(user):
        if not Document.objects.visible_to(user).filter(pk=citation.document_id).exists():
            return _answer(citation, CLOSED)
        return _answer(citation, "", anchor(user, citation.document_id, words))


def _answer(citation: Citation, state: str, found: Anchor | None = None) -> dict[str, Any]:
    state = found.state if found else state
    unit, label = _called(citation, found)
    page = found.page if found else citation.page
    return {
        "number": citation.number,
        "state": state,
        "sentence": _sentence(state, citation, found, places.words(unit, page, label)),
        "document_id": str(citation.document_id) if found else None,
        "document_name": citation.document_name,
        "page": page,
        "page_unit": unit,
        "page_label": label,
        "start": found.start if found else None,
        "end": found.end if found else None,
        "quotes": _quotes(citation, found) if found else [],
        "excerpt": citation.excerpt,
    }


def _called(citation: Citation, found: Anchor | None) -> tuple[str, str]:
    """(unit, label) of the page where the words stand: as cited, unless they have moved."""
    if found is None or found.page == citation.page or citation.document is None:
        return citation.page_unit, citation.page_label
    unit = places.unit(citation.document)
    page = Page.objects.filter(document=citation.document, number=found.page).first()
    if page is None:
        return unit, ""
    rows = places.rows_at(page.text, found.start or 0, found.end or 0)
    return unit, places.label(unit, found.page, page.label, rows)


def _sentence(state: str, citation: Citation, found: Anchor | None, where: str) -> str:
    """What the reader should know; "" when all is as it was."""
    if state == DELETED:
        return _("This document has been deleted. The words that were cited are kept here.")
    if state == CLOSED:
        return _("You may no longer open this document. Ask whoever shared it with you.")
    if state == CHANGED:
        return _(
            "The page has changed since this answer was written: the cited words are no longer "
            "there."
        )
    if state == MOVED and found and found.page != citation.page and where:
        return _("The document was read anew: the words stand there now: %(place)s.") % {
            "place": where
        }
    return ""


def _quotes(citation: Citation, found: Anchor) -> list[dict[str, Any]]:
    """The answer's quotations with their offsets on the page of `found`."""
    if found.state != MOVED:
        return list(citation.quotes) if found.state != CHANGED else []
    page = Page.objects.filter(document_id=citation.document_id, number=found.page).first()
    out = []
    for quote in citation.quotes:
        there = find_quote(page.text, quote["text"], found.start or 0) if page else None
        span = {"start": there.start if there else None, "end": there.end if there else None}
        out.append({**quote, **span})
    return out
