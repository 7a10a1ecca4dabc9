"""Nothing opens to the outside without a row in tests/doors.py."""

import ast
import inspect
from collections import defaultdict

import pytest
from celery import current_app
from django.conf import settings
from django.test import Client

from chat import consumers as chat_consumers
from config.asgi import websocket_urlpatterns
from tests.doors import DOORS, EMPTY, MESSAGES, OPEN_ACCOUNT_PAGES, SOCKETS, TASKS, TREES, Who
from tests.routes import Route, routes


def listed_one_by_one() -> list[Route]:
    trees = tuple(TREES)
    return [r for r in routes() if not r.path.startswith(trees) and r.path not in EMPTY]


def test_every_address_and_method_is_listed():
    rows = defaultdict(set)
    for door in DOORS:
        rows[door.path].add(door.method)
    found = {}
    for route in listed_one_by_one():
        found[route.path] = route.methods if route.methods is not None else rows[route.path]
    assert found == dict(rows)


def test_no_address_is_listed_twice():
    lines = [str(door) for door in DOORS]
    assert sorted(set(lines)) == sorted(lines)


def test_what_is_open_to_anyone_is_a_short_list_with_reasons():
    """Open WebUI CVE-2026-45397, CVE-2024-8053: what answers without a login."""
    doors = [door for door in DOORS if door.who is Who.ANYONE]
    assert all(door.why for door in doors)
    assert len(doors) <= 14


def test_rest_framework_asks_for_a_login_by_default():
    rest = settings.REST_FRAMEWORK
    assert rest["DEFAULT_PERMISSION_CLASSES"] == ["rest_framework.permissions.IsAuthenticated"]


def fill(path: str) -> str:
    known = {"<path:content_type_id>": "1", "<path:object_id>": "1", "(?P<url>.*)$": "x"}
    for pattern, value in known.items():
        path = path.replace(pattern, value)
    return "/" + path


def test_the_admin_leads_nobody_in(db):
    client = Client()
    for route in routes():
        if not route.path.startswith("admin/") or "^" in route.path:
            continue
        answer = client.get(fill(route.path))
        assert answer.status_code == 302, route.path
        assert "/login/" in answer["Location"] or answer["Location"] == "/admin/", route.path


def test_the_admin_leads_no_student_in(db, alice):
    client = Client()
    client.force_login(alice)
    for route in routes():
        if route.path.startswith("admin/") and "^" not in route.path:
            answer = client.get(fill(route.path))
            assert answer.status_code in (302, 403, 404), route.path


def test_account_pages_open_to_nobody_are_the_listed_ones(db):
    client = Client()
    for route in routes():
        if not route.path.startswith("accounts/") or route.path in OPEN_ACCOUNT_PAGES:
            continue
        answer = client.get("/" + route.path.replace("<int:pk>", "1"))
        home = answer.status_code in (301, 302) and answer["Location"].startswith(
            ("/accounts/login/", "/accounts/3rdparty/")
        )
        assert home, f"{route.path} answers {answer.status_code} to nobody"


def test_every_socket_is_listed():
    assert {str(p.pattern) for p in websocket_urlpatterns} == set(SOCKETS)


def test_every_message_type_of_the_chat_socket_is_listed():
    tree = ast.parse(inspect.getsource(chat_consumers))
    handled = {
        case.pattern.value.value
        for match in ast.walk(tree)
        if isinstance(match, ast.Match)
        for case in match.cases
        if isinstance(case.pattern, ast.MatchValue) and isinstance(case.pattern.value, ast.Constant)
    }
    assert handled == set(MESSAGES)


def test_every_task_is_listed():
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert ours == set(TASKS)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost"])
def test_no_answer_invites_other_origins(db, api, alice, origin):
    """Open WebUI CVE-2026-56400, Dify CVE-2025-63386, AnythingLLM CVE-2026-32617, Gradio
    CVE-2024-47084."""
    for client in (api(), api(alice)):
        for path in ("/api/v1/auth/me", "/api/v1/chat/config", "/accounts/login/"):
            answer = client.get(path, headers={"Origin": origin})
            assert not any(name.lower().startswith("access-control") for name in answer.headers)
