"""Registering embedding models: each is asked for one vector before anything relies on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from core.errors import AppError
from llm.asking import TROUBLES
from llm.credentials import needs_key, provider_key
from llm.embeddings import bfloat16
from llm.embeddings.factory import endpoint_of, new_embedder
from llm.embeddings.known import known
from llm.embeddings.models import EmbeddingModel
from llm.embeddings.waiting import wait_for
from llm.errors import LLMError, llm_error
from llm.limits import count_question
from llm.models import Provider
from llm.registry import EMBEDDERS
from llm.rules import Actor, check, invalid, require_admin
from llm.seeds import LOCAL_BFLOAT16, LOCAL_EMBEDDING

# How long one text may take; a server of one's own may have to load the model first.
PATIENCE = 60.0
# pgvector's halfvec holds no more.
MOST_DIMENSIONS = 16_000
SAMPLE = "Lontar leaves were written with a knife, and the ink was soot."
Kind = EmbeddingModel.Kind


@dataclass(frozen=True, slots=True)
class WantedEmbedding:
    """A model to register; dimensions 0 for the size it has by itself."""

    provider: str
    name: str
    dimensions: int = 0
    query_prefix: str | None = None
    document_prefix: str | None = None


def register_embedding_model(
    *, actor: Actor, wanted: WantedEmbedding
) -> tuple[EmbeddingModel, bool]:
    """(the row, whether it is new). ``wanted.provider`` is "local", a provider's id or its kind.

    Embeds one text, now: raises Invalid for what cannot be right, AppError 502 with the sentence
    of what went wrong when the provider does not give a vector.
    """
    model = inspect_embedding_model(actor=actor, wanted=wanted)
    with transaction.atomic():
        there = EmbeddingModel.objects.select_for_update().filter(
            kind=model.kind,
            provider=model.provider,
            name=model.name,
            dimensions=model.dimensions,
        )
        if found := there.first():
            return found, False
        check(model)
        model.save()
    return model, True


def make_current(model: EmbeddingModel) -> None:
    """Search with this model from now on; for whoever has seen to it that it has all vectors."""
    with transaction.atomic():
        EmbeddingModel.objects.filter(is_current=True).update(is_current=False)
        EmbeddingModel.objects.filter(pk=model.pk).update(is_current=True)


def inspect_embedding_model(*, actor: Actor, wanted: WantedEmbedding) -> EmbeddingModel:
    """The row as it would be registered, after the live check; nothing is saved."""
    require_admin(actor)
    count_question(actor)
    name = wanted.name.strip()
    if wanted.provider == Kind.LOCAL:
        return _local(name, wanted.dimensions)
    provider = _provider(wanted.provider)
    words = known(name)
    model = EmbeddingModel(
        kind=provider.kind,
        provider=provider,
        name=name,
        dimensions=0,
        query_prefix=words.query_prefix if wanted.query_prefix is None else wanted.query_prefix,
        document_prefix=(
            words.document_prefix if wanted.document_prefix is None else wanted.document_prefix
        ),
    )
    own = _measured(model)
    if wanted.dimensions and wanted.dimensions != own:
        model.dimensions, model.sends_dimensions = wanted.dimensions, True
        _check_shortened(model, own)
    model.dimensions = wanted.dimensions or own
    return model


def _local(name: str, dimensions: int) -> EmbeddingModel:
    there = {entry[1]: entry for entry in (LOCAL_EMBEDDING, LOCAL_BFLOAT16)}
    if name not in there:
        raise invalid({"name": [_("In this process there is only %s.") % ", ".join(there)]})
    kind, name, size = there[name]
    if dimensions not in (0, size):
        raise invalid({"dimensions": [_("This model gives vectors of %d numbers.") % size]})
    model = EmbeddingModel(kind=kind, name=name, dimensions=size)
    if name == LOCAL_BFLOAT16[1]:
        if why := bfloat16.trouble():
            raise invalid({"name": [why]})
        _measured(model)
    return model


def _provider(given: str) -> Provider:
    try:
        rows = Provider.objects.filter(pk=UUID(given))
    except ValueError:
        rows = Provider.objects.filter(kind=given, base_url="")
    provider = rows.first()
    if provider is None or provider.kind not in EMBEDDERS:
        raise invalid(
            {
                "provider": [
                    _('Give "local", or the id or kind of a registered provider that embeds: %s.')
                    % ", ".join(EMBEDDERS)
                ]
            }
        )
    if needs_key(provider) and not provider_key(provider):
        raise invalid({"provider": [_("This provider has no key yet. Enter one.")]})
    return provider


def _measured(model: EmbeddingModel) -> int:
    """The size of the vectors the model gives when it is not asked for any."""
    try:
        size = wait_for(_size(model))
    except LLMError as error:
        raise _trouble(error) from error
    if size > MOST_DIMENSIONS:
        raise invalid({"name": [_("This model's vectors are too long to be stored.")]})
    return size


def _check_shortened(model: EmbeddingModel, own: int) -> None:
    sentence = _("This model gives vectors of %(own)d numbers, and none of %(wanted)d.") % {
        "own": own,
        "wanted": model.dimensions,
    }
    try:
        size = wait_for(_size(model))
    except LLMError as error:
        if error.code in ("bad_request", "other_dimensions"):
            raise invalid({"dimensions": [sentence]}) from error
        raise _trouble(error) from error
    if size != model.dimensions:
        raise invalid({"dimensions": [sentence]})


async def _size(model: EmbeddingModel) -> int:
    try:
        async with asyncio.timeout(PATIENCE):
            vectors = await new_embedder(model, endpoint_of(model)).embed([SAMPLE], "document")
    except TimeoutError as error:
        raise llm_error("timeout") from error
    return int(vectors.shape[1])


def _trouble(error: LLMError) -> AppError:
    return AppError(trouble_sentence(error.code), code=error.code, status=502)


def trouble_sentence(code: str) -> str:
    """What an administrator is told of an ``LLMError`` met while embedding."""
    return str(_TROUBLES.get(code) or TROUBLES[_MEANINGS.get(code, "odd")])


_MEANINGS = {
    "auth": "auth",
    "spent": "spent",
    "rate_limited": "busy",
    "timeout": "slow",
    "unavailable": "failing",
}
_TROUBLES = {
    "unavailable": _lazy(
        "The provider cannot be reached, or has trouble of its own. Check its address, and try "
        "again later."
    ),
    "interrupted": _lazy("The connection to the provider broke off. Try again."),
    "unknown_model": _lazy(
        "The provider knows no model of this name that embeds. Check the name; with Ollama, pull "
        "the model first."
    ),
    "bad_request": _lazy(
        "The provider did not accept a text to embed. Check whether this is an embedding model."
    ),
    "context_too_long": _lazy(
        "The model takes shorter texts than the passages here. Choose another embedding model."
    ),
    "other_dimensions": _lazy(
        "The model gives vectors of another size than the one it is registered with. Register it "
        "again: vectors of two sizes cannot be searched together."
    ),
    "malformed": _lazy(
        "The provider's answer holds no usable vectors. Check whether this is an embedding model."
    ),
    "budget": _lazy("What may be spent on models is used up for now."),
}
