"""Every door of the API, with tokens and keys that have ended, or that do not reach so far.

AnythingLLM CVE-2026-32717 and simplejwt CVE-2024-22513 (keys and tokens of somebody switched off),
LibreChat CVE-2026-31944 (a token of one purpose at another door), Open WebUI CVE-2026-45339 (what a
key may open held on some doors and not on others).
"""

from datetime import timedelta

import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.utils import timezone

from accounts import api_keys, logins, tokens
from accounts.models import ApiKey, ApiLogin, Group, User
from accounts.scopes import Scope, needed
from chat.models import ClassReading
from config.asgi import application
from core.db import in_thread
from core.testing import person, unique_address
from tests.doors import DOORS, SOCKETS, Who
from tests.test_doors import ask, outside, text
from tests.world import SECRET, build

pytestmark = pytest.mark.django_db(transaction=True)
CLOSED = [door for door in DOORS if door.who is not Who.ANYONE]
# For each scope that a door needs, all the others together.
NARROW = {
    Scope.CHAT: [Scope.READ, Scope.WRITE],
    Scope.READ: [Scope.CHAT, Scope.WRITE],
    Scope.WRITE: [Scope.CHAT, Scope.READ],
    Scope.ADMIN: [Scope.CHAT, Scope.READ, Scope.WRITE],
}


def _key(user: User) -> str:
    return api_keys.make_key(actor=user, name="x")[1]


def revoked_key(user):
    raw = _key(user)
    ApiKey.objects.filter(user=user).update(revoked_at=timezone.now())
    return raw


def expired_key(user):
    raw = _key(user)
    ApiKey.objects.filter(user=user).update(expires_at=timezone.now() - timedelta(seconds=1))
    return raw


def deleted_key(user):
    raw = _key(user)
    ApiKey.objects.filter(user=user).delete()
    return raw


def key_of_somebody_switched_off(user):
    raw = _key(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return raw


def expired_access_token(user):
    logins.open_login(actor=user)
    login = ApiLogin.objects.get(user=user)
    before = timezone.now() - tokens.ACCESS_LIFE - tokens.LEEWAY - timedelta(seconds=1)
    return tokens.encode(tokens.Kind.ACCESS, login, user, before)


def refresh_token_for_access(user):
    return logins.open_login(actor=user).refresh_token


def access_token_of_an_ended_login(user):
    pair = logins.open_login(actor=user)
    logins.close_login(refresh_token=pair.refresh_token)
    return pair.access_token


def access_token_from_before_a_new_password(user):
    pair = logins.open_login(actor=user)
    user.set_password("rambutan manis 7")
    user.save()
    return pair.access_token


def access_token_of_somebody_switched_off(user):
    pair = logins.open_login(actor=user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return pair.access_token


def access_token_of_somebody_deleted(user):
    pair = logins.open_login(actor=user)
    User.objects.filter(pk=user.pk).delete()
    return pair.access_token


ENDED = [
    revoked_key,
    expired_key,
    deleted_key,
    key_of_somebody_switched_off,
    expired_access_token,
    refresh_token_for_access,
    access_token_of_an_ended_login,
    access_token_from_before_a_new_password,
    access_token_of_somebody_switched_off,
    access_token_of_somebody_deleted,
]
ended = pytest.mark.parametrize("credential", ENDED, ids=lambda made: made.__name__)


def bringing(raw):
    return Client(REMOTE_ADDR=unique_address(), headers={"Authorization": f"Bearer {raw}"})


@ended
def test_what_has_ended_opens_no_door(credential, alice):
    """An admin's, too: of the rights that were nothing is left."""
    world = build(alice)
    client = bringing(credential(person("was-admin", role="admin")))
    for door in CLOSED:
        answer = ask(client, door, world.fill(door.path))
        assert outside(answer, door), f"{door}: {answer.status_code} {text(answer)[:200]}"
        assert SECRET not in text(answer)


def socket_of(path: str, raw: str) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {raw}".encode())]
    return WebsocketCommunicator(application, path, headers=headers)


@ended
async def test_what_has_ended_opens_no_socket(credential, alice):
    world = await in_thread(build, alice)
    raw = await in_thread(credential, alice)
    for path in SOCKETS:
        assert (await socket_of(world.fill(path), raw).connect())[0] is False, path


def test_a_key_opens_only_what_its_scopes_name(alice):
    """At every door, by what all other scopes together open: 403, and nothing of what is there."""
    world, admin = build(alice), person("keyed", role="admin")
    clients = {
        scope: bringing(api_keys.make_key(actor=admin, name="x", scopes=others)[1])
        for scope, others in NARROW.items()
    }
    asked = 0
    for door in CLOSED:
        path = world.fill(door.path)
        scope = needed(door.method, path)
        if not door.is_api or scope is None:
            continue
        answer = ask(clients[scope], door, path)
        assert answer.status_code == 403, f"{door}: {answer.status_code} {text(answer)[:200]}"
        assert SECRET not in text(answer)
        said = answer.json()
        # The second in the words of the OpenAI protocol.
        code = said.get("code") or said["error"]["code"]
        assert code in ("scope", "insufficient_permissions"), door
        asked += 1
    assert asked > 100


def test_no_key_opens_a_page(alice):
    """Pages are for browsers: a key that leaked must not log in."""
    world, client = build(alice), bringing(_key(alice))
    for door in CLOSED:
        if not door.is_api:
            assert outside(ask(client, door, world.fill(door.path)), door), door
    for path in ("/admin/", "/admin/accounts/user/", "/accounts/email/"):
        assert client.get(path).status_code == 302


async def test_a_key_opens_only_the_sockets_its_scopes_name(alice):
    world = await in_thread(build, alice)
    for path in SOCKETS:
        scope = needed("GET", f"/{path}")
        made = await in_thread(
            api_keys.make_key, actor=alice, name="x", scopes=NARROW[Scope(str(scope))]
        )
        assert (await socket_of(world.fill(path), made[1]).connect())[0] is False, path


def test_who_reads_another_class_reads_nothing_of_this_one(alice, bob, admin):
    """Groups limit also admins here: reading chats of a class takes being named for it."""
    world = build(alice)
    other = Group.objects.create(name="Another class")
    other.memberships.create(user=bob)
    for group, reader in ((other, admin), (world.group, person("lecturer", role="admin"))):
        ClassReading.objects.create(group=group, lecturer=reader)
    client = bringing(_key(admin))
    for path in (
        f"/api/v1/groups/{world.group.pk}/chats",
        f"/api/v1/groups/{world.group.pk}/chats/{world.session.pk}",
        # Under the class that is read, a chat of the other one.
        f"/api/v1/groups/{other.pk}/chats/{world.session.pk}",
    ):
        answer = client.get(path)
        assert answer.status_code == 404 and SECRET not in text(answer), path
    assert client.get(f"/api/v1/groups/{other.pk}/chats").json()["total"] == 0
    assert not world.session.read_by_others.exists()
