"""Questions are counted at every door, for the person and for the address."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts import limits
from accounts.addresses import scope_address
from accounts.models import Limit, User
from chat import services
from chat.models import Message, Session
from chat.tests.fakes import Script, words
from chat.tests.test_socket import connect
from chat.tests.test_stream_api import client_of, post
from llm.models import LanguageModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture
def session(alice: User, model: LanguageModel) -> Iterator[Session]:
    Limit.objects.create(action="chat", per_user="1/m")
    limits.forget_kept()
    yield services.create_session(actor=alice)
    limits.forget_kept()


async def test_a_question_too_many_is_told_when_to_come_back(
    alice: User, session: Session, play: Callable[..., Script]
) -> None:
    play(*words("Yes."))
    client, path = await client_of(alice), f"chat/sessions/{session.pk}/messages"
    first = await post(client, path, {"message": "One?"}, Accept="application/json")
    assert first.status_code == 200
    second = await post(client, path, {"message": "Two?"}, Accept="application/json")
    assert (second.status_code, second.json()["code"]) == (429, "too_many")
    assert 0 < int(second.headers["Retry-After"]) <= 60
    socket = await connect(alice, session)
    await socket.connect()
    await socket.receive_json_from()
    await socket.send_json_to({"type": "message", "message": "Three?"})
    refused = await socket.receive_json_from()
    assert (refused["type"], refused["code"]) == ("error", "too_many")
    await socket.disconnect()
    assert await Message.objects.filter(role="user").acount() == 1


async def test_an_address_that_the_caller_wrote_is_not_believed(settings: Any) -> None:
    scope = {"client": ("192.0.2.7", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}
    assert scope_address(scope) == "192.0.2.7"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert scope_address(scope) == "198.51.100.1"
    assert scope_address({"client": None, "headers": []}) == "0.0.0.0"
