import json

import httpx2
import pytest

from llm.base import Endpoint
from llm.providers import listing


@pytest.fixture
def server(settings, monkeypatch):
    """`server({path: body})`: answers by path; what was asked is kept in `server.asked`."""
    settings.LLM_ALLOW_NETWORK = True

    class Server:
        asked = []

        def __call__(self, answers):
            def handle(request):
                self.asked.append(request)
                body = answers.get(request.url.path)
                if callable(body):
                    body = body(request)
                return httpx2.Response(404) if body is None else httpx2.Response(200, json=body)

            transport = httpx2.MockTransport(handle)
            monkeypatch.setattr(listing, "new_client", lambda: httpx2.Client(transport=transport))

    Server.asked = []
    return Server()


def test_a_plain_openai_list(server):
    server({"/v1/models": {"data": [{"id": "a"}, {"id": "b", "max_model_len": 4096}, {"no": 1}]}})
    models = listing.openai_models(Endpoint("openai", "https://x.test/v1", "sk-1"))
    assert [(m.name, m.context_window, m.supports_tools) for m in models] == [
        ("a", None, None),
        ("b", 4096, None),
    ]
    assert server.asked[0].headers["authorization"] == "Bearer sk-1"


def test_openrouter_says_more(server):
    row = {
        "id": "maker/model",
        "name": "Maker: Model",
        "context_length": 131072,
        "pricing": {"prompt": "0.00000025", "completion": "-1"},
        "supported_parameters": ["tools", "temperature"],
        "architecture": {"input_modalities": ["text", "image"]},
    }
    server({"/api/v1/models": {"data": [row]}})
    (model,) = listing.openai_models(Endpoint("openrouter", "https://x.test/api/v1", "k"))
    assert (model.display_name, model.context_window) == ("Maker: Model", 131072)
    assert model.supports_tools and model.supports_vision
    assert model.input_price == "0.250000" and model.output_price is None


def test_hugging_face_names_servers(server):
    row = {
        "id": "org/m",
        "providers": [{"supports_tools": False}, {"supports_tools": True, "context_length": 9000}],
    }
    server({"/v1/models": {"data": [row]}})
    (model,) = listing.openai_models(Endpoint("huggingface", "https://x.test/v1", "k"))
    assert model.supports_tools and model.context_window == 9000


def test_ollama_tells_what_each_model_can_do(server):
    able = {
        "chat": ["completion", "tools"],
        "embed": ["embedding"],
        "sees": ["completion", "vision"],
    }

    def show(request):
        return {"capabilities": able[json.loads(request.content)["model"]]}

    server({"/v1/models": {"data": [{"id": name} for name in able]}, "/api/show": show})
    models = listing.ollama_models(Endpoint("ollama", "http://box:11434/v1"))
    assert [(m.name, m.supports_tools, m.supports_vision) for m in models] == [
        ("chat", True, False),
        ("sees", False, True),
    ]


def test_anthropic_and_google(server):
    server(
        {
            "/v1/models": {"data": [{"id": "claude-x", "display_name": "Claude X"}]},
            "/v1beta/models": {
                "models": [
                    {
                        "name": "models/gemini-x",
                        "displayName": "Gemini X",
                        "inputTokenLimit": 1000,
                        "outputTokenLimit": 100,
                        "supportedGenerationMethods": ["generateContent"],
                    },
                    {"name": "models/e", "supportedGenerationMethods": ["embedContent"]},
                ]
            },
        }
    )
    (claude,) = listing.anthropic_models(Endpoint("anthropic", "https://x.test", "k"))
    (gemini,) = listing.google_models(Endpoint("google", "https://x.test", "k"))
    assert (claude.name, claude.display_name) == ("claude-x", "Claude X")
    assert (gemini.name, gemini.context_window, gemini.max_output_tokens) == ("gemini-x", 1000, 100)


@pytest.mark.parametrize("body", [[], {"data": None}, {"error": "x"}, None])
def test_odd_answers_are_no_models_or_an_error(server, body):
    server({"/v1/models": body})
    try:
        assert listing.openai_models(Endpoint("openai", "https://x.test/v1", "k")) == []
    except (httpx2.HTTPError, ValueError) as error:
        assert error is not None


def test_tests_ask_nobody(settings):
    settings.LLM_ALLOW_NETWORK = False
    with pytest.raises(RuntimeError, match="may not be called"):
        listing.openai_models(Endpoint("openai", "https://api.openai.com/v1", "k"))
