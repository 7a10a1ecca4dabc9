import threading

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from llm import asking, registry, services
from llm.credentials import endpoint
from llm.models import EmbeddingModel, LanguageModel, Provider
from llm.providers.builtin import QuotingModel
from llm.queries import current_embedding_model, default_model, usable_models
from llm.resilience import Resilient
from llm.seeds import MODELS, Described

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(settings):
    """`keys(openai="sk")`: only these keys are in the environment; urls=... for addresses."""

    def give(urls=None, **given):
        settings.PROVIDER_KEYS = given
        settings.PROVIDER_BASE_URLS = urls or {}

    give()
    return give


@pytest.fixture
def lists(settings, monkeypatch):
    """`lists(openai=[...])`: what providers answer when they are asked for their models."""
    answers = {}
    settings.LLM_ALLOW_NETWORK = True

    def ask(endpoints):
        return {
            name: answers[where.kind] for name, where in endpoints.items() if where.kind in answers
        }

    monkeypatch.setattr(asking, "ask_all", ask)
    return answers.update


def names(models):
    return [model.name for model in models]


def test_without_a_key_the_built_in_answerer_is_there(keys):
    services.sync_registry()
    assert names(usable_models()) == ["quotes"]
    assert default_model().display_name == "Quotes from your material"


def test_a_key_brings_its_models_and_they_come_before_the_built_in(keys):
    keys(anthropic="sk-1")
    services.sync_registry()
    assert names(usable_models()) == [m.name for m in MODELS["anthropic"]] + ["quotes"]
    assert default_model().name == MODELS["anthropic"][0].name


def test_when_a_key_leaves_its_models_are_not_usable_and_come_back_with_it(keys):
    keys(google="g")
    services.sync_registry()
    keys()
    assert names(usable_models()) == ["quotes"]
    keys(google="g")
    assert default_model().provider.kind == "google"


def test_syncing_again_changes_nothing(keys):
    keys(openai="a", anthropic="b", google="c", openrouter="d", huggingface="e")
    services.sync_registry()
    before = list(LanguageModel.objects.values())
    services.sync_registry()
    call_command("sync_registry")
    assert list(LanguageModel.objects.values()) == before


def test_what_an_administrator_changed_stays(keys, lists):
    keys(openai="a")
    services.sync_registry()
    model = default_model()
    LanguageModel.objects.filter(pk=model.pk).update(display_name="Ours", is_active=False, order=7)
    LanguageModel.objects.exclude(pk=model.pk).filter(provider__kind="openai").first().delete()
    count = LanguageModel.objects.count()
    lists(openai=[Described(m.name) for m in MODELS["openai"]])
    services.sync_registry()
    model.refresh_from_db()
    assert (model.display_name, model.is_active, model.order) == ("Ours", False, 7)
    assert LanguageModel.objects.count() == count, "a deleted seed does not come back"


def test_a_model_its_provider_no_longer_lists_is_not_offered(keys, lists):
    keys(openai="a")
    services.sync_registry()
    kept = MODELS["openai"][1].name
    lists(openai=[Described(kept), Described("gpt-whatever")])
    services.sync_registry()
    assert names(usable_models()) == [kept, "quotes"], "an official list adds no names"
    lists(openai=[Described(m.name) for m in MODELS["openai"]])
    services.sync_registry()
    assert len(usable_models()) == len(MODELS["openai"]) + 1


def test_when_every_known_name_is_retired_some_of_the_new_ones_are_taken(keys, lists):
    keys(google="a")
    lists(google=[Described("gemini-9"), Described("gemini-embedding-9")])
    services.sync_registry()
    assert names(usable_models()) == ["gemini-9", "quotes"]


def test_a_server_of_ones_own_is_asked_what_it_has(keys, lists):
    keys(urls={"openai": "http://localhost:8000/v1"})
    lists(
        openai=[
            Described("llama-4", context_window=32_000, supports_tools=False),
            Described("nomic-embed-text"),
        ]
    )
    services.sync_registry()
    assert names(usable_models()) == ["llama-4", "quotes"]
    model = default_model()
    assert (model.context_window, model.supports_tools) == (32_000, False)
    assert endpoint(model.provider).base_url == "http://localhost:8000/v1"


def test_a_server_of_ones_own_that_lists_nothing_gets_the_seeds(keys):
    keys(openai="any", urls={"openai": "http://localhost:8000/v1"})
    services.sync_registry()
    assert default_model().name == MODELS["openai"][0].name


def test_ollama_is_only_there_when_it_answers(keys, lists):
    services.sync_registry()
    assert not Provider.objects.filter(kind="ollama").exists()
    lists(ollama=[Described("qwen3:8b", supports_tools=True)])
    services.sync_registry()
    assert default_model().name == "qwen3:8b"


def test_a_provider_that_fails_to_list_stops_nobody(keys, settings, monkeypatch):
    def boom(where):
        raise ValueError("odd")

    settings.LLM_ALLOW_NETWORK = True
    keys(openai="a")
    monkeypatch.setattr(asking, "import_string", lambda path: boom)
    services.sync_registry()
    assert default_model().provider.kind == "openai"


def test_a_provider_that_is_slow_does_not_block_the_start(keys, settings, monkeypatch):
    release = threading.Event()
    settings.LLM_ALLOW_NETWORK = True
    monkeypatch.setattr(asking, "PATIENCE", 0.05)
    monkeypatch.setattr(asking, "import_string", lambda path: lambda where: [release.wait(60)][:0])
    services.sync_registry()
    release.set()
    assert names(usable_models()) == ["quotes"]


def test_a_key_of_the_environment_goes_to_no_address_somebody_typed(keys):
    keys(openai="sk-secret")
    own = endpoint(Provider(kind="openai", base_url="https://evil.example/v1"))
    assert own.key == "" and own.base_url == "https://evil.example/v1"
    assert endpoint(Provider(kind="openai")).key == "sk-secret"
    assert "sk-secret" not in repr(endpoint(Provider(kind="openai")))


@pytest.mark.parametrize(
    ("kind", "given", "used"),
    [
        ("ollama", "http://box:11434", "http://box:11434/v1"),
        ("ollama", "http://box:11434/v1/", "http://box:11434/v1"),
        ("openai", "http://box:8000/v1", "http://box:8000/v1"),
        ("openai", "http://box:8000", "http://box:8000/v1"),
        ("anthropic", "http://box:8000/", "http://box:8000"),
        ("google", "", "https://generativelanguage.googleapis.com"),
    ],
)
def test_addresses_are_brought_into_one_form(keys, kind, given, used):
    keys(urls={kind: given})
    assert endpoint(Provider(kind=kind)).base_url == used


def test_a_row_opens_as_a_model(keys):
    services.sync_registry()
    opened = services.chat_model(default_model())
    assert isinstance(opened, Resilient) and isinstance(opened.model, QuotingModel)


def test_every_kind_has_code_that_can_be_imported():
    for table in (registry.CHAT, registry.LISTINGS, registry.EMBEDDERS):
        for path in table.values():
            assert callable(import_string(path))
    assert set(registry.CHAT) == set(Provider.Kind.values)


def test_the_local_embedding_model_is_current_and_shared(keys):
    services.sync_registry()
    model = current_embedding_model()
    assert (model.kind, model.name, model.dimensions) == ("local", "all-MiniLM-L6-v2", 384)
    assert services.embedder(model) is services.embedder(current_embedding_model())


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("openai:text-embedding-3-small", ("openai", "text-embedding-3-small", 1536)),
        ("openai:text-embedding-3-small:512", ("openai", "text-embedding-3-small", 512)),
        ("ollama:bge-m3:latest:1024", ("ollama", "bge-m3:latest", 1024)),
        ("all-MiniLM-L6-v2", ("local", "all-MiniLM-L6-v2", 384)),
        ("nonsense", ("local", "all-MiniLM-L6-v2", 384)),
        ("openai:unheard-of", ("local", "all-MiniLM-L6-v2", 384)),
        ("google:gemini-embedding-2", ("local", "all-MiniLM-L6-v2", 384)),
    ],
)
def test_the_environment_names_the_first_embedding_model(keys, settings, given, made):
    keys(openai="sk")
    settings.EMBEDDING_MODEL = given
    services.sync_registry()
    model = current_embedding_model()
    assert (model.kind, model.name, model.dimensions) == made


def test_changing_the_environment_later_does_not_switch_embeddings(keys, settings):
    services.sync_registry()
    settings.EMBEDDING_MODEL = "openai:text-embedding-3-small"
    services.sync_registry()
    assert current_embedding_model().kind == "local"


def test_the_database_allows_one_current_embedding_model():
    EmbeddingModel.objects.create(kind="local", name="a", dimensions=3, is_current=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmbeddingModel.objects.create(kind="local", name="b", dimensions=3, is_current=True)
