"""Every page there is, looked at by axe: in the light on a desk, in Indonesian on a dark phone.

The pages are those of tests/pages.py; the states of a chat and of the library, which have one
address for many looks, are in test_everybody_talks.py.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone

from accounts import letters
from accounts.models import ApiLogin, User
from chat.models import ChatReading, Feedback, Generation
from core.testing import person
from documents.models import ReembedJob
from llm.models import ModelCall
from tests.browser import axe
from tests.pages import OBJECT, pages
from tests.world import World, build

pytestmark = [pytest.mark.browser]

LOOKS = [
    {"locale": "en-GB", "width": 1280, "color_scheme": "light"},
    {"locale": "id-ID", "width": 390, "height": 780, "color_scheme": "dark"},
]
# Shown before somebody is logged in; all others are asked for by alice.
BEFORE = ("login/", "signup/", "inactive/", "password/reset/", "confirm-email/", "3rdparty/login/")
# One frame of Django's for every model: the first model's is looked at.
ONCE = ("history/", "delete/", "password/")
NARROW_AND_DARK = (
    "/admin/chat/message/",
    "/admin/accounts/user/add/",
    "/admin/chat/assistant/add/",
    "/admin/llm/modelcall/usage/",
    "/admin/documents/knowledgeentry/import/",
)
FRAME = ("#header", "#nav-sidebar", "#toggle-nav-sidebar")
# The list of all models beside every page is looked at on the first one.
ALONE = """localStorage.setItem("django.admin.navSidebarIsOpen", "false")"""


def place(path: str, alice: User, world: World | None = None) -> str:
    """Where a route's page is. A route with a parameter of its own is filled here."""
    known = {
        "^confirm-email/(?P<key>[-:\\w]+)/$": "confirm-email/{key}/",
        "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/{link}/",
        "^(?P<provider_id>[^/]+)/": "kampus/",
        "<int:pk>": "1",
        "<id>": str(alice.pk),
    }
    path = re.sub(r"\^\(\?P<app_label>.*\)/\$", "llm/", path)
    for pattern, words in known.items():
        path = path.replace(pattern, words)
    if "{key}" in path:
        path = path.replace("{key}", EmailConfirmationHMAC(alice.emailaddress_set.get()).key)
    path = path.replace("{link}/", letters.link(alice, "").rstrip("/").rpartition("/")[2] + "/")
    path = world.fill(path) if world else f"/{path}"
    assert not set(path) & set("<(^{"), f"{path}: say in place() how its parameters are filled"
    return path


def look(window: Any, path: str, **how: Any) -> list[str]:
    """What axe finds at an address, each line with it."""
    answer = window.page.goto(window.address + path)
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("text/html"):
        return [f"{path} answers {kind}: name it in tests/pages.py NO_PAGES"]
    return [f"{path}: {line}" for line in axe.found(window.page, **how)]


@pytest.mark.parametrize("kind", LOOKS, ids=["desk", "phone"])
def test_account_pages(visit: Callable[..., Any], kind: dict[str, Any]) -> None:
    alice = person("alice", full_name="Alice Wijaya")
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True)
    shape = [(kind["color_scheme"], kind["width"])]
    window = visit(**kind)
    axe.come_along(window.page)
    every = pages("accounts/", "account/")
    before = [p for p in every if p.removeprefix("accounts/").lstrip("^").startswith(BEFORE)]
    wrong = [line for path in before for line in look(window, place(path, alice), shapes=shape)]
    wrong += look(window, "/no/such/page/", shapes=shape)
    window.log_in(alice.email)
    for path in every:
        if path not in before:
            wrong += look(window, place(path, alice), shapes=shape)
    assert not wrong, "\n".join(wrong)


def test_the_admin(visit: Callable[..., Any]) -> None:
    alice = person("alice")
    world = build(alice)
    person("root", role="superadmin")
    rows_that_come_by_themselves(world)
    window = visit()
    axe.come_along(window.page)
    window.sign_in("root@example.org", "")
    wrong = look(window, "/admin/")
    window.page.evaluate(ALONE)
    places = list(admin_places(alice, world))
    for path in places:
        wrong += look(window, path, shapes=[("light", 1280)], once=FRAME)
    for path in NARROW_AND_DARK:
        assert path in places, f"{path} is no page any more"
        wrong += look(window, path, shapes=[("dark", 390)], once=FRAME)
    assert not wrong, "\n".join(wrong)


def rows_that_come_by_themselves(world: World) -> None:
    """What nobody adds in the admin: its only form is the one where it is shown."""
    now = timezone.now()
    ApiLogin.objects.create(user=world.alice, expires_at=now)
    ModelCall.objects.create(provider="Ours", model_name="quotes", user=world.alice)
    ReembedJob.objects.create(model=world.embedding)
    Feedback.objects.create(message=world.message, value=-1, reason="Which leaf?")
    ChatReading.objects.create(session=world.session, reader_name="Root")
    Generation.objects.create(
        session=world.session,
        question=world.message.parent,
        answer=world.message,
        status=Generation.Status.COMPLETE,
        lease_until=now,
        owner="nobody",
    )


def admin_places(alice: User, world: World) -> Iterator[str]:
    """Every page of the admin; of a form once where rows are added as they are changed."""
    root = User.objects.get(role="superadmin")
    seen: set[str] = set()
    for path in pages("admin/"):
        if OBJECT in path:
            end = path.rpartition(OBJECT)[2]
            _, app, model, *_ = path.split("/")
            kept = apps.get_model(app, model)
            row = kept._default_manager.first()
            request = RequestFactory().get("/")
            request.user = root
            is_known = end in seen if end in ONCE else can_add(kept, request)
            if is_known:
                continue
            assert row, f"{path}: make a row in this test, so that its page can be looked at"
            seen.add(end)
            yield place(path.replace(OBJECT, f"{row.pk}/"), alice, world)
        else:
            yield place(path, alice, world)


def can_add(model: Any, request: Any) -> bool:
    return admin.site.get_model_admin(model).has_add_permission(request)
