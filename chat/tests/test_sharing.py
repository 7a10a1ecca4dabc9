"""Links to a chat: what they show, to whom, and until when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.services import set_active
from chat import branches, services, sharing
from chat.models import Generation, Message, Session, Share
from core.errors import NotFound
from core.ids import new_id
from llm.models import LanguageModel
from tests.world import PAGE_TEXT, SECRET, World, build, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(alice: User) -> World:
    return build(alice)


def path(token: str) -> str:
    return f"/s/{token}/"


def made(client: Any, session: Session, **body: Any) -> str:
    """The path of a new link."""
    answer = client.post(f"/api/v1/chat/sessions/{session.pk}/shares", body)
    assert answer.status_code == 201, answer.content
    url: str = answer.json()["url"]
    assert url.startswith("http://testserver/s/")
    return url.removeprefix("http://testserver")


def test_anybody_with_the_link_reads_the_chat_as_it_was(
    api: Callable[..., Any], alice: User, world: World
) -> None:
    link = made(api(alice), world.session)
    say(Session.objects.get(pk=world.session.pk))
    Message.objects.filter(session=world.session, position=3).update(content="What came later")
    page = api().get(link)
    text = page.content.decode()
    assert page.status_code == 200
    assert f"A {SECRET} glows by luciferin" in text and PAGE_TEXT in text
    assert "What came later" not in text
    assert "Alice" not in text and alice.email not in text and str(alice.pk) not in text


def test_it_is_unlisted_says_no_referrer_and_sets_no_cookie(
    api: Callable[..., Any], alice: User, world: World
) -> None:
    link = made(api(alice), world.session)
    for address in (link, path("x")):
        page = api().get(address)
        assert page["X-Robots-Tag"].startswith("noindex")
        assert page["Referrer-Policy"] == "no-referrer"
        assert page["Cache-Control"] == "no-store"
        assert not page.cookies
        assert '<meta name="robots" content="noindex' in page.content.decode()


def test_the_name_is_shown_only_where_it_was_chosen(
    api: Callable[..., Any], alice: User, world: World
) -> None:
    assert "Alice" in api().get(made(api(alice), world.session, shows_name=True)).content.decode()


def test_pc_11_the_token_is_random_and_kept_as_a_hash(alice: User, world: World) -> None:
    """PC-11: at least 128 bits, stored as a hash, not derivable from an id.

    RAGFlow CVE-2025-69286: a token that follows from another id.
    """
    tokens = [sharing.share(actor=alice, session_id=world.session.pk)[1] for _ in range(5)]
    assert len(set(tokens)) == 5 and all(len(token) >= 43 for token in tokens)
    with connection.cursor() as cursor:
        cursor.execute("select to_jsonb(s)::text from chat_share s")
        rows = " ".join(row for (row,) in cursor.fetchall())
    assert not any(token in rows for token in tokens)
    for derived in Share.objects.values_list("token_hash", "pk"):
        for guess in derived:
            with pytest.raises(NotFound):
                sharing.opened(str(guess))


def test_pc_11_nobody_shares_what_is_not_theirs(
    api: Callable[..., Any], bob: User, charlie: User, admin: User, world: World
) -> None:
    """paperless-ngx GHSA-386h-chg4-cfw9: a link to what one may not see."""
    for person in (bob, charlie, admin):
        client, count = api(person), Share.objects.count()
        address = f"/api/v1/chat/sessions/{world.session.pk}/shares"
        assert client.post(address, {}).status_code == 404
        assert client.get(address).status_code == 404
        assert client.delete(f"/api/v1/chat/shares/{world.share.pk}").status_code == 404
        assert client.get("/api/v1/chat/shares").json()["total"] == 0
        assert Share.objects.count() == count
    world.share.refresh_from_db()
    assert world.share.revoked_at is None


def test_pc_11_a_link_taken_back_leads_nowhere_at_once(
    api: Callable[..., Any], alice: User, world: World
) -> None:
    client = api(alice)
    first, second = made(client, world.session), made(client, world.session)
    newest = client.get("/api/v1/chat/shares").json()["shares"][0]
    for _ in range(2):
        assert client.delete(f"/api/v1/chat/shares/{newest['id']}").status_code == 204
    gone = api().get(second)
    assert gone.status_code == 404 and "taken the link back" in gone.content.decode()
    assert SECRET not in gone.content.decode()
    assert api().get(first).status_code == 200
    rows = client.get("/api/v1/chat/shares").json()["shares"]
    assert not rows[0]["is_open"] and rows[1]["is_open"]


def test_a_link_ends_with_its_time_its_chat_and_its_owner(
    api: Callable[..., Any], alice: User, admin: User, world: World
) -> None:
    client = api(alice)
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    short, link = made(client, world.session, expires_at=soon), made(client, world.session)
    assert api().get(short).status_code == 200
    Share.objects.exclude(expires_at=None).update(expires_at=timezone.now())
    assert api().get(short).status_code == 404
    set_active(actor=admin, user=alice, active=False)
    assert api().get(link).status_code == 404
    set_active(actor=admin, user=alice, active=True)
    assert api().get(link).status_code == 200
    services.delete_session(actor=alice, session=world.session)
    assert api().get(link).status_code == 404
    never = api().get(path("never"))
    assert api().get(link).content == never.content


def test_pc_07_a_shared_chat_opens_nothing_else(
    api: Callable[..., Any], alice: User, bob: User, world: World
) -> None:
    """PC-07, PC-11: no right on the files in it, on its other branches, nor to write."""
    token = made(api(alice), world.session)
    client = api(bob)
    assert client.get(token).status_code == 200
    for address in (
        f"chat/sessions/{world.session.pk}",
        f"chat/sessions/{world.session.pk}/export",
        f"files/{world.document.pk}",
        f"files/{world.document.pk}/download",
        f"chat/messages/{world.message.pk}/citations/1",
    ):
        assert client.get(f"/api/v1/{address}").status_code == 404, address
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(token).status_code == 405


def test_only_the_branch_that_was_shown(
    api: Callable[..., Any], alice: User, model: LanguageModel, world: World
) -> None:
    question = Message.objects.get(session=world.session, role="user")
    edited = branches.edit(actor=alice, message_id=question.pk, text="Other words", images=[])
    busy = api(alice).post(f"/api/v1/chat/sessions/{world.session.pk}/shares", {})
    assert (busy.status_code, busy.json()["code"]) == (409, "busy")
    Generation.objects.filter(pk=edited.pk).update(status="complete")
    Message.objects.filter(pk=edited.answer_id).update(content="b1", status="complete")
    link = made(api(alice), world.session)
    assert SECRET not in api().get(link).content.decode().replace(world.session.title, "")
    assert "Other words" in api().get(link).content.decode()


@pytest.mark.parametrize(
    "body",
    [
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "soon"},
        {"shows_name": "perhaps"},
        {"token": "mine"},
        {"session": "x"},
        {"leaf_id": str(new_id())},
    ],
)
def test_wrong_wishes_are_refused(
    api: Callable[..., Any], alice: User, world: World, body: dict[str, Any]
) -> None:
    count = Share.objects.count()
    answer = api(alice).post(f"/api/v1/chat/sessions/{world.session.pk}/shares", body)
    assert answer.status_code == 422
    assert Share.objects.count() == count


def test_an_empty_chat_and_too_many_links(api: Callable[..., Any], alice: User) -> None:
    empty = services.create_session(actor=alice)
    address = f"/api/v1/chat/sessions/{empty.pk}/shares"
    assert api(alice).post(address, {}).json()["code"] == "empty_chat"
    say(empty)
    for _ in range(sharing.MOST):
        made(api(alice), empty)
    assert api(alice).post(address, {}).status_code == 409


@pytest.mark.parametrize("token", ["\x00", "%00", "é" * 300, "a/b", "..", "\ud800", "x" * 5000])
def test_odd_tokens_lead_nowhere(api: Callable[..., Any], token: str) -> None:
    quoted = token.encode(errors="surrogatepass").decode("latin-1")
    assert api().get(f"/s/{quoted}/").status_code == 404


def test_hostile_words_stay_words(api: Callable[..., Any], alice: User, world: World) -> None:
    """PC-46: the page of a shared chat is one of the other renderers.

    Open WebUI CVE-2026-44721, CVE-2026-45299, paperless-ngx GHSA-7cq3-mhxq-w946: the other page
    that renders.
    """
    hostile = '</script><img src=x onerror="window.__pwned=1">'
    Session.objects.filter(pk=world.session.pk).update(title=hostile)
    Message.objects.filter(session=world.session).update(content=hostile)
    world.message.citations.update(document_name=hostile, excerpt=hostile)
    page = api().get(made(api(alice), world.session)).content.decode()
    assert "<img src=x" not in page and "</script><" not in page.replace("</script>\n", "")


def test_the_archive_puts_chats_away_and_a_question_takes_them_out(
    api: Callable[..., Any], alice: User, model: LanguageModel
) -> None:
    kept, away = (services.create_session(actor=alice, title=name) for name in ("kept", "away"))
    client, address = api(alice), "/api/v1/chat/sessions"
    patched = client.patch(
        f"{address}/{away.pk}", {"archived": True}, content_type="application/json"
    )
    assert patched.json()["archived_at"]

    def listed(**asked: str) -> set[str]:
        return {row["title"] for row in client.get(address, asked).json()["sessions"]}

    assert listed(archived="false") == {"kept"}
    assert listed(archived="true") == {"away"}
    assert listed() == listed(archived="any") == {"kept", "away"}
    assert client.get(address, {"archived": "maybe"}).status_code == 422
    services.post_once(actor=alice, session_id=away.pk, text="Still there?")
    assert listed(archived="true") == set()
    again = services.update_session(actor=alice, session=kept, archived=True)
    services.post_message(actor=alice, session_id=again.pk, text="And you?")
    assert listed(archived="true") == set()
