"""A key goes to the address it was entered for, and not to where that address points on to."""

from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from llm import credentials, services
from llm.errors import LLMError
from llm.messages import Request, user
from llm.models import LanguageModel, Provider


def serving(handle):
    """A server on this machine that gives every request to ``handle(handler)``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            handle(self)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def trap():
    """Where a redirect leads: (address, the requests that arrived)."""
    arrived = []

    def handle(handler):
        arrived.append(dict(handler.headers))
        handler.send_response(500)

    server = serving(handle)
    yield f"http://127.0.0.1:{server.server_port}", arrived
    server.shutdown()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("kind", ["openai", "anthropic", "google"])
async def test_a_model_call_follows_no_redirect(kind, status, trap, settings):
    """LangChain CVE-2026-41481: the key went where a redirect led."""
    address, arrived = trap

    def handle(handler):
        handler.send_response(status)
        handler.send_header("Location", address + "/elsewhere")

    server = serving(handle)
    settings.PROVIDER_KEYS = {kind: "sk-secret"}
    settings.PROVIDER_BASE_URLS = {kind: f"http://127.0.0.1:{server.server_port}/v1"}
    model = services.chat_model(LanguageModel(provider=Provider(kind=kind), name="m"))
    request = Request(model="m", system="", messages=(user("Hello?"),))
    with pytest.raises(LLMError):
        async with aclosing(model.stream(request)) as events:
            [event async for event in events]
    server.shutdown()
    assert arrived == []


@pytest.mark.parametrize("kind", ["openai", "anthropic", "google", "openai_compatible"])
async def test_the_key_of_the_registry_arrives_at_its_address_and_no_other_does(kind, settings):
    settings.FIELD_ENCRYPTION_KEYS = ["b" * 43 + "="]
    settings.PROVIDER_KEYS = dict.fromkeys(Provider.Kind.values, "sk-of-the-environment")
    arrived = []

    def handle(handler):
        arrived.append(str(handler.headers))
        handler.send_response(401)

    server = serving(handle)
    provider = Provider(kind=kind, base_url=f"http://127.0.0.1:{server.server_port}/v1")
    for key in ("sk-of-the-registry", ""):
        credentials.store_key(provider, key)
        model = services.chat_model(LanguageModel(provider=provider, name="m"))
        request = Request(model="m", system="", messages=(user("Hello?"),))
        with pytest.raises(LLMError) as refused:
            async with aclosing(model.stream(request)) as events:
                [event async for event in events]
        assert refused.value.code == "auth" and "sk-" not in str(refused.value)
    server.shutdown()
    assert "sk-of-the-registry" in arrived[0] and len(arrived) == 2
    assert all("environment" not in headers for headers in arrived)
