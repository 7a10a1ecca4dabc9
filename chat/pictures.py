"""Pictures in questions: brought to a chat, taken by a question, shown to models that see."""

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from chat import queries, session_files
from chat.context import picture_size, window
from chat.models import Message, Session
from chat.sentences import COMPLETED
from core.errors import AppError, Conflict, Invalid, NotFound
from documents import pictures
from documents.asking import reading_as
from documents.models import Picture
from llm.messages import Image, Part, Text
from llm.models import LanguageModel
from llm.queries import usable_models
from llm.tokens import size

log = logging.getLogger(__name__)
# In one question, and in all that is told to a model at once.
MOST, MOST_TOLD = 8, 20
NAMED = 3
Told = tuple[Part, ...]


def bring(*, actor: User, session_id: uuid.UUID, name: str, content: bytes) -> tuple[Picture, bool]:
    """Keep a picture for a question that is still to come; (it, whether it is new).

    Raises NotFound, Conflict for a completed chat, Invalid for a model that does not see and for
    what is no picture, TooLarge, Unavailable.
    """
    session = queries.session(actor, session_id)
    if session.status == Session.Status.COMPLETED:
        raise Conflict(COMPLETED, code="completed")
    if (model := queries.model_for(session)) is not None:
        require_sight(session, model)
    target = session_files.collection_of(actor=actor, session_id=session_id)
    return pictures.bring(actor=actor, collection=target, name=name, content=content)


def taken(session: Session, ids: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """As a question keeps them, in the order named. Raises Invalid for one that is not there.

    Inside the transaction that keeps the question.
    """
    if not ids:
        return []
    if len(ids) > MOST:
        raise too_many()
    try:
        found = pictures.take(session.files_id, ids)
    except NotFound as error:
        sentence = _("A picture of this question is no longer there. Add it again.")
        raise Invalid(sentence, code="unknown_picture") from error
    return [row(picture) for picture in found]


def row(picture: Picture) -> dict[str, Any]:
    return {
        "id": str(picture.pk),
        "name": picture.name,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
    }


def too_many() -> Invalid:
    sentence = _("A question takes at most %d pictures. Ask about the others in the next one.")
    return Invalid(sentence % MOST, code="too_many_pictures")


def require_sight(session: Session, model: LanguageModel) -> None:
    """Before anything is kept or sent. Raises Invalid, with what to do instead."""
    if model.supports_vision:
        return
    seeing = usable_models().filter(supports_vision=True)[:NAMED]
    names = ", ".join(str(one.display_name) for one in seeing)
    if not names:
        sentence = _(
            "No model here sees pictures. Describe in words what yours shows, or ask an "
            "administrator to add a model that sees."
        )
    elif session.assistant_id is not None:
        sentence = _(
            "The model of this assistant sees no pictures. Ask without them, or start a chat with "
            "a model that sees: %(names)s."
        )
    else:
        sentence = _(
            "%(model)s sees no pictures. Ask without them, or choose a model that sees: %(names)s."
        )
    said = sentence % {"model": model.display_name, "names": names}
    raise Invalid(said, code="no_vision")


def require_room(model: LanguageModel, text: str, count: int) -> None:
    """Raises Invalid when so many pictures leave no room for the words of a question."""
    if size(text) + count * picture_size(model) > window(model).question:
        raise Invalid(
            _(
                "So many pictures and words are too much for %(model)s. Ask about fewer pictures "
                "at once, or choose a model with a larger context."
            )
            % {"model": model.display_name},
            code="message_too_long",
        )


def readable(user: User, picture_id: uuid.UUID) -> Picture:
    """Of a chat of the user's; admins read all chats. Raises NotFound."""
    chats = Session.objects.all() if user.is_admin else Session.objects.visible_to(user)
    with reading_as(user):
        return _one(chats, picture_id)


def shared(session: Session, messages: Sequence[Message], picture_id: uuid.UUID) -> Picture:
    """Of what a shared link shows, and nothing else of its chat. Raises NotFound."""
    shown = {each["id"] for message in messages for each in message.pictures}
    if str(picture_id) not in shown:
        raise NotFound
    return _one(Session.objects.filter(pk=session.pk), picture_id)


def _one(chats: QuerySet[Session], picture_id: uuid.UUID) -> Picture:
    collections = chats.exclude(files=None).order_by().values("files")
    found = Picture.objects.filter(pk=picture_id, collection__in=collections).first()
    if found is None:
        raise NotFound
    return found


class Album:
    """The pictures of a conversation as one model after the other is told of them."""

    def __init__(self, user: User, session: Session) -> None:
        self._user = user
        self._session = session
        self._seen: dict[str, Part] = {}

    def told(self, messages: Sequence[Message], model: LanguageModel) -> Mapping[uuid.UUID, Told]:
        """What goes before the words of each message that has pictures: the newest are shown,
        of the others only the names are told."""
        shown = _newest(messages) if model.supports_vision else set()
        self._look(shown)
        return {
            message.pk: tuple(
                self._seen[each["id"]] if each["id"] in shown else _named(each)
                for each in message.pictures
            )
            for message in messages
            if message.pictures
        }

    def _look(self, ids: Collection[str]) -> None:
        missing = [each for each in ids if each not in self._seen]
        if not missing:
            return
        with reading_as(self._user):
            mine = Picture.objects.filter(collection=self._session.files_id, pk__in=missing)
            found = {str(picture.pk): picture for picture in mine}
        for each in missing:
            self._seen[each] = _image(found.get(each))


def _newest(messages: Sequence[Message]) -> set[str]:
    ids = [each["id"] for message in reversed(messages) for each in message.pictures]
    return set(list(dict.fromkeys(ids))[:MOST_TOLD])


def _image(picture: Picture | None) -> Part:
    try:
        if picture is None:
            raise NotFound
        return Image(picture.media_type, pictures.content(picture))
    except AppError as error:
        log.warning("a picture cannot be shown to a model: %s", error.code)
        return Text("[A picture stood here that can no longer be opened. Say so.]\n")


def _named(each: dict[str, Any]) -> Part:
    return Text(f"[The picture “{each['name']}”, which you cannot see.]\n")
