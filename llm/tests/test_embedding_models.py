"""Registering embedding models: a live check first, and a row that says what it found."""

import json
from typing import Any

import httpx2
import pytest

from core.errors import AppError, Forbidden, Invalid
from llm.base import Endpoint
from llm.embeddings import factory, first, registration
from llm.embeddings.known import known
from llm.embeddings.models import EmbeddingModel
from llm.models import Provider
from llm.providers.openai_embeddings import OpenAIEmbedder
from llm.queries import current_embedding_model
from llm.services import WantedEmbedding, register_embedding_model

pytestmark = pytest.mark.django_db


class Server:
    """Speaks the OpenAI protocol; gives ``size`` numbers, and others only where it can shorten."""

    def __init__(self) -> None:
        self.size, self.shortens, self.status = 6, True, 200
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        if self.status != 200:
            return httpx2.Response(self.status, json={"error": {"message": "secret"}})
        if "dimensions" in body and not self.shortens:
            return httpx2.Response(400, json={"error": {"message": "no matryoshka here"}})
        size = body.get("dimensions", self.size)
        rows = [{"index": n, "embedding": [1.0] * size} for n in range(len(body["input"]))]
        return httpx2.Response(200, json={"object": "list", "data": rows, "model": "m"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()

    def made(where: Endpoint, name: str, dimensions: int, **options: Any) -> OpenAIEmbedder:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
        return OpenAIEmbedder(where, name, dimensions, http, **options)

    monkeypatch.setattr(factory, "import_string", lambda _path: made)
    monkeypatch.setattr(registration, "count_question", lambda _actor: None)
    return server


@pytest.fixture
def provider(db: None) -> Provider:
    return Provider.objects.create(
        kind="openai_compatible", name="Ours", base_url="http://10.0.0.5:8000/v1"
    )


def register(actor: Any, provider: Provider, **fields: Any) -> EmbeddingModel:
    wanted = WantedEmbedding(provider=str(provider.pk), **{"name": "bge-m3", **fields})
    return register_embedding_model(actor=actor, wanted=wanted)[0]


def test_the_size_is_measured(admin: Any, server: Server, provider: Provider) -> None:
    model = register(admin, provider)
    assert (model.dimensions, model.sends_dimensions, model.is_current) == (6, False, False)
    assert model.provider == provider and model.kind == "openai_compatible"
    assert len(server.bodies) == 1 and "dimensions" not in server.bodies[0]


def test_a_shorter_size_is_asked_for(admin: Any, server: Server, provider: Provider) -> None:
    model = register(admin, provider, dimensions=4)
    assert (model.dimensions, model.sends_dimensions) == (4, True)
    assert not register(admin, provider, dimensions=6).sends_dimensions, "its own size is not"


@pytest.mark.parametrize("status", [200, 400])
def test_a_size_it_does_not_give_is_refused(
    admin: Any, server: Server, provider: Provider, status: int
) -> None:
    server.shortens = status == 200
    if status == 200:
        real = server.__class__.__call__
        server.__class__ = type(
            "Stubborn",
            (Server,),
            {
                "__call__": lambda self, request: real(
                    self, httpx2.Request("POST", request.url, json={"input": ["x"]})
                )
            },
        )
    with pytest.raises(Invalid) as caught:
        register(admin, provider, dimensions=4)
    assert "numbers, and none of 4" in str(caught.value)
    assert not EmbeddingModel.objects.filter(name="bge-m3").exists()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "auth", "refused the key"),
        (404, "unknown_model", "no model of this name"),
        (400, "bad_request", "embedding model"),
        (429, "rate_limited", "no more requests"),
        (500, "unavailable", "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    admin: Any, server: Server, provider: Provider, status: int, code: str, words: str
) -> None:
    server.status = status
    with pytest.raises(AppError) as caught:
        register(admin, provider)
    error = caught.value
    assert (error.status, error.code) == (502, code)
    assert words in str(error) and "secret" not in str(error)
    assert not EmbeddingModel.objects.filter(name="bge-m3").exists()


def test_the_same_again_is_the_same_row(admin: Any, server: Server, provider: Provider) -> None:
    assert register(admin, provider) == register(admin, provider)
    assert register(admin, provider, dimensions=4) != register(admin, provider)


def test_only_admins_register(alice: Any, server: Server, provider: Provider) -> None:
    with pytest.raises(Forbidden):
        register(alice, provider)
    assert not server.bodies


@pytest.mark.parametrize("given", ["anthropic", "no-such", "01890000-0000-7000-8000-000000000000"])
def test_providers_that_do_not_embed_are_refused(admin: Any, server: Server, given: str) -> None:
    with pytest.raises(Invalid):
        register_embedding_model(actor=admin, wanted=WantedEmbedding(given, "m"))


def test_the_providers_own_host_needs_a_key(admin: Any, server: Server) -> None:
    row = Provider.objects.get_or_create(kind="openai", base_url="", defaults={"name": "O"})[0]
    with pytest.raises(Invalid, match="no key"):
        register(admin, row)
    assert not server.bodies


def test_in_this_process_there_is_one(admin: Any) -> None:
    with pytest.raises(Invalid):
        register_embedding_model(actor=admin, wanted=WantedEmbedding("local", "other"))
    wanted = WantedEmbedding("local", "all-MiniLM-L6-v2")
    model, _is_new = register_embedding_model(actor=admin, wanted=wanted)
    assert (model.dimensions, model.provider) == (384, None)


def test_another_key_or_address_makes_another_embedder(
    admin: Any, server: Server, provider: Provider
) -> None:
    model = register(admin, provider)
    before = factory.embedder(model)
    assert factory.embedder(model) is before
    model.provider.base_url = "http://10.0.0.6:8000/v1"
    assert factory.embedder(model) is not before


def test_words_before_texts_are_known_by_name_and_can_be_given(
    admin: Any, server: Server, provider: Provider
) -> None:
    model = register(admin, provider, name="nomic-embed-text:latest")
    assert (model.query_prefix, model.document_prefix) == ("search_query: ", "search_document: ")
    assert server.bodies[0]["input"][0].startswith("search_document: ")
    own = register(admin, provider, name="intfloat/multilingual-e5-small", query_prefix="Q: ")
    assert (own.query_prefix, own.document_prefix) == ("Q: ", "passage: ")
    assert known("somebody/unheard-of") == known("unheard-of:7b")


@pytest.mark.parametrize(
    ("given", "wanted", "sends"),
    [
        ("", ("local", "all-MiniLM-L6-v2", 384), False),
        ("local:all-MiniLM-L6-v2", ("local", "all-MiniLM-L6-v2", 384), False),
        ("openai:text-embedding-3-small", ("openai", "text-embedding-3-small", 1536), False),
        ("openai:text-embedding-3-small:512", ("openai", "text-embedding-3-small", 512), True),
        ("ollama:nomic-embed-text:latest", ("ollama", "nomic-embed-text:latest", 768), False),
        ("ollama:my-model:700", ("ollama", "my-model", 700), False),
        ("openai:unheard-of", ("local", "all-MiniLM-L6-v2", 384), False),
    ],
)
def test_the_environment_chooses_the_first_one(
    settings: Any, given: str, wanted: tuple[str, str, int], sends: bool
) -> None:
    EmbeddingModel.objects.all().delete()
    settings.EMBEDDING_MODEL = given
    settings.PROVIDER_KEYS = {"openai": "sk-test"}
    first.ensure_embedding_model()
    model = current_embedding_model()
    assert (model.kind, model.name, model.dimensions) == wanted
    assert model.sends_dimensions is sends
    assert (model.provider is None) == (model.kind == "local")
    settings.EMBEDDING_MODEL = "ollama:bge-m3"
    first.ensure_embedding_model()
    assert current_embedding_model() == model, "a later change alone changes nothing"
