"""Every way in which a provider does not list its models, and what is said of it."""

import socket
import ssl

import httpx2
import pytest

from llm import asking
from llm.base import Endpoint
from llm.providers import listing
from llm.tests.lists import Lists

KEY = "sk-0123456789abcdefghij"


@pytest.fixture
def server():
    with Lists().running() as lists:
        yield lists


def ask(server, key=KEY):
    return asking.ask(Endpoint("openai_compatible", server.address, key))


def code(where):
    with pytest.raises(asking.Trouble) as told:
        asking.ask(where)
    return told.value.code


def test_a_list_is_read(server):
    server.offer("a", "b")
    assert [model.name for model in ask(server)] == ["a", "b"]
    ((path, headers),) = server.asked
    assert path == "/v1/models" and headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}, "auth"),
        (403, {}, "auth"),
        (400, {"error": {"status": "INVALID_ARGUMENT", "details": "API_KEY_INVALID"}}, "auth"),
        (402, {}, "spent"),
        (429, {"error": {"code": "insufficient_quota"}}, "spent"),
        (429, {}, "busy"),
        (404, b"<html>nginx</html>", "not_found"),
        (301, b"", "redirected"),
        (500, {}, "failing"),
        (503, b"", "failing"),
        (504, b"", "slow"),
        (400, {"error": "what?"}, "odd"),
        (418, {}, "odd"),
        (200, b"<html>hello</html>", "odd"),
        (200, b"", "odd"),
        (200, ["a"], "odd"),
        (200, b"\xff\xfe\x00", "odd"),
        (200, {"data": [{"id": "a", "context_length": "many"}]}, "odd"),
        (200, b"{" + b" " * 200_000, "odd"),
        (200, "slow", "slow"),
    ],
)
def test_each_trouble_has_its_code(server, monkeypatch, caplog, status, body, expected):
    if expected == "slow" and status == 200:
        monkeypatch.setattr(listing, "PATIENCE_IN_ALL", 0.3)
    monkeypatch.setattr(listing, "MOST_BYTES", 100_000)
    server.answer = (status, body)
    server.headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status == 301 else {}
    with pytest.raises(asking.Trouble) as told:
        ask(server)
    assert told.value.code == expected
    assert told.value.sentence.endswith(".") and KEY not in told.value.sentence
    assert KEY not in caplog.text and len(server.asked) == 1, "redirects are not followed"


def test_nothing_listens_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        assert code(Endpoint("openai_compatible", where)) == "refused"


def test_a_server_without_tls_is_asked_by_https(server):
    where = server.address.replace("http:", "https:")
    assert code(Endpoint("openai_compatible", where)) == "insecure"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (socket.gaierror(-2, "Name or service not known"), "unknown_host"),
        (ConnectionRefusedError(111, "refused"), "refused"),
        (ssl.SSLCertVerificationError("self-signed"), "insecure"),
    ],
)
def test_the_reason_below_decides(monkeypatch, reason, expected):
    def fail(request):
        raise httpx2.ConnectError("no") from reason

    transport = httpx2.MockTransport(fail)
    monkeypatch.setattr(listing, "new_client", lambda: httpx2.Client(transport=transport))
    assert code(Endpoint("openai_compatible", "http://localhost/v1")) == expected


def test_silence_is_not_waited_for(monkeypatch):
    def fail(request):
        raise httpx2.ReadTimeout("silence")

    transport = httpx2.MockTransport(fail)
    monkeypatch.setattr(listing, "new_client", lambda: httpx2.Client(transport=transport))
    assert code(Endpoint("anthropic", "http://localhost")) == "slow"


def test_in_tests_nobody_outside_is_asked(settings):
    assert code(Endpoint("openai", "https://api.openai.com/v1", KEY)) == "forbidden"


def test_what_no_database_can_hold_is_left_out(server):
    rows = [
        {"id": "good"},
        {"id": "x" * 201},
        {"id": "nul\0"},
        {"id": "huge", "context_length": 2**40},
        {"id": "less", "context_length": -1},
        {"id": "name", "name": "two\nlines"},
    ]
    server.answer = (200, {"data": rows})
    assert [model.name for model in ask(server)] == ["good"]


def test_a_key_that_cannot_be_sent_is_a_wrong_key(server):
    assert code(Endpoint("openai_compatible", server.address, "schlüssel\n")) == "auth"


@pytest.mark.parametrize(
    ("kind", "base_url", "asked"),
    [
        ("openrouter", "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/key"),
        (
            "huggingface",
            "https://router.huggingface.co/v1",
            "https://huggingface.co/api/whoami-v2",
        ),
    ],
)
def test_open_lists_have_their_own_question_for_the_key(
    settings, monkeypatch, kind, base_url, asked
):
    settings.LLM_ALLOW_NETWORK = True
    seen = []

    def handle(request):
        seen.append((str(request.url), request.headers["authorization"]))
        return httpx2.Response(200 if len(seen) == 1 else 401, json={})

    transport = httpx2.MockTransport(handle)
    monkeypatch.setattr(listing, "new_client", lambda: httpx2.Client(transport=transport))
    assert asking.accepts_key(Endpoint(kind, base_url, KEY))
    with pytest.raises(asking.Trouble):
        asking.accepts_key(Endpoint(kind, base_url, KEY))
    assert seen[0] == (asked, f"Bearer {KEY}")
    assert not asking.accepts_key(Endpoint(kind, "http://proxy/v1", KEY)) and len(seen) == 2
