"""Published holes of products like this one that no room's own tests try, by their numbers."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from core.redis import key
from tests.doors import NOWHERE
from tests.world import SECRET, build

ROOT = Path(__file__).parent.parent
ROOMS = ("accounts", "chat", "core", "documents", "prompts", "terminal")


def test_no_page_hears_messages_of_other_windows():
    """Open WebUI CVE-2026-54007: a window of a foreign origin sent questions by postMessage."""
    scripts = list((ROOT / "static" / "js").glob("*.js"))
    assert len(scripts) > 10
    listens = re.compile(r"""(window|self|globalThis|document|parent|opener)\??\.(onmessage|"""
                         r"""addEventListener\(\s*["']message["'])""")  # fmt: skip
    for script in scripts:
        text = script.read_text()
        assert not listens.search(text), script.name
        # A bare call is one of the window's.
        assert not re.search(r"""(^|[^.\w])addEventListener\(\s*["']message["']""", text)
        assert not re.search(r"postMessage\([^)]*[\"']\*[\"']", text), script.name


@pytest.mark.parametrize("room", ROOMS)
def test_what_nobody_may_guess_comes_from_the_system(room):
    """Dify CVE-2025-1796: codes to a new password came from Python's `random`."""
    for path in (ROOT / room).rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert "random" not in names, path


@pytest.mark.django_db(transaction=True)
def test_a_picture_in_a_question_is_no_id_and_no_address(api, alice, bob):
    """Open WebUI CVE-2026-54009: an `image_url` that was neither http nor data was the id of a
    file, anybody's."""
    hers = build(alice)
    hers.model.supports_vision = True
    hers.model.save()
    for url in (
        str(hers.picture.pk),
        str(hers.document.pk),
        f"/api/v1/chat/pictures/{hers.picture.pk}",
        f"http://testserver/api/v1/files/{hers.document.pk}/download",
        f"file:{hers.picture.filename}",
        NOWHERE,
    ):
        parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}]
        messages = [{"role": "user", "content": parts}]
        body = {"model": hers.model.name, "messages": messages}
        answer = api(bob).post("/v1/chat/completions", body)
        assert answer.status_code == 400, url
        assert answer.json()["error"]["code"].startswith("invalid_image"), url
        assert SECRET not in answer.content.decode()


def test_two_installations_on_one_redis_share_nothing():
    """Open WebUI CVE-2026-44552: keys without the prefix of the installation."""
    prefix = settings.REDIS_PREFIX
    assert prefix and key("limit", "x").startswith(f"{prefix}:")
    assert settings.CACHES["default"]["KEY_PREFIX"] == prefix
    assert settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] == prefix
    celery = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    assert celery.startswith(f"{prefix}:")
    # Clients are made by that one module alone, and by Django's cache.
    asks = re.compile(r"redis\.(asyncio\.)?(Redis|StrictRedis|from_url)\b")
    for room in ("accounts", "chat", "documents", "llm", "prompts", "rag"):
        for path in (ROOT / room).rglob("*.py"):
            assert "tests" in path.parts or not asks.search(path.read_text()), path
