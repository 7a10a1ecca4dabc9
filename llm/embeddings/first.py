"""Which embedding model a new installation begins with."""

from __future__ import annotations

import logging

from django.conf import settings

from llm.credentials import configured_kinds
from llm.embeddings import bfloat16
from llm.embeddings.known import known
from llm.embeddings.models import EmbeddingModel
from llm.models import Provider
from llm.registry import EMBEDDERS
from llm.seeds import LOCAL_BFLOAT16, LOCAL_EMBEDDING

log = logging.getLogger(__name__)


def ensure_embedding_model() -> None:
    """One is current afterwards. A later change of EMBEDDING_MODEL alone changes nothing: what is
    already embedded would no longer be found until all of it is embedded again, and that an
    administrator starts."""
    current = EmbeddingModel.objects.filter(is_current=True).first()
    kind, name, dimensions = wanted_embedding()
    if current is None:
        _begin_with(kind, name, dimensions)
    elif (current.kind, current.name, current.dimensions) != (kind, name, dimensions):
        log.warning(
            "EMBEDDING_MODEL says %s, but documents are embedded with %s. To change it, register "
            "and use the other one on the admin page, or with manage.py embeddings.",
            name,
            current,
        )


def _begin_with(kind: str, name: str, dimensions: int) -> None:
    words = known(name)
    EmbeddingModel.objects.update_or_create(
        kind=kind,
        provider=None if kind == EmbeddingModel.Kind.LOCAL else _provider(kind),
        name=name,
        dimensions=dimensions,
        defaults={
            "is_current": True,
            "sends_dimensions": bool(words.dimensions) and words.dimensions != dimensions,
            "query_prefix": words.query_prefix,
            "document_prefix": words.document_prefix,
        },
    )


def _provider(kind: str) -> Provider:
    defaults = {"name": str(Provider.Kind(kind).label)}
    return Provider.objects.get_or_create(kind=kind, base_url="", defaults=defaults)[0]


def wanted_embedding() -> tuple[str, str, int]:
    """EMBEDDING_MODEL as (kind, name, dimensions): ``kind:name`` or ``kind:name:dimensions``."""
    given = settings.EMBEDDING_MODEL
    if not given or given in (LOCAL_EMBEDDING[1], f"sentence-transformers/{LOCAL_EMBEDDING[1]}"):
        return LOCAL_EMBEDDING
    kind, _, rest = given.partition(":")
    name, _, size = rest.rpartition(":") if rest.rpartition(":")[2].isdigit() else (rest, "", "")
    if kind == EmbeddingModel.Kind.LOCAL and name == LOCAL_EMBEDDING[1]:
        return LOCAL_EMBEDDING
    if (kind, name) == LOCAL_BFLOAT16[:2]:
        return _bfloat16()
    dimensions = int(size or known(name).dimensions)
    if kind not in EMBEDDERS or not dimensions:
        log.warning("EMBEDDING_MODEL=%s is not kind:name:dimensions; the local one is used.", given)
        return LOCAL_EMBEDDING
    if kind not in configured_kinds():
        log.warning("EMBEDDING_MODEL=%s needs a key; the local one is used.", given)
        return LOCAL_EMBEDDING
    return kind, name, dimensions


def _bfloat16() -> tuple[str, str, int]:
    if why := bfloat16.trouble():
        log.warning("EMBEDDING_MODEL=%s: %s", settings.EMBEDDING_MODEL, why)
        return LOCAL_EMBEDDING
    return LOCAL_BFLOAT16
