"""What a turn is made of, read from the database before the model is called."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from accounts.models import User
from chat import queries
from chat.assistants.queries import chain
from chat.context import Seen, conversation, may_search, picture_size, system_prompt, window
from chat.models import Generation, Message, Session
from chat.pictures import Album
from chat.tools import Before
from llm.fallback import Candidate
from llm.messages import Request
from llm.models import LanguageModel
from llm.purpose import task_of
from rag.search import Scope


@dataclass(frozen=True)
class Plan:
    """All a turn needs from the database, read at once before the model is called."""

    generation_id: uuid.UUID
    session_id: uuid.UUID
    user: User
    question: Message
    answer: Message
    model: LanguageModel
    chosen: Candidate
    others: Callable[[], Sequence[Candidate]]  # who may answer instead; asks the database
    language: str
    left_out: bool  # older messages did not fit
    before: Before  # what a question that cannot stand alone leans on
    scope: Scope  # what its searches go through
    may_search: bool


@dataclass(frozen=True)
class Talk:
    """A conversation up to its question, and who asks; `language` is a code."""

    session: Session
    thread: list[Message]
    student: str
    language: str
    album: Album


def plan(generation: Generation, user: User, language: str) -> Plan:
    session, model = generation.session, generation.model
    assert model is not None  # a generation is opened with one; only later may it be deleted
    question = generation.question
    thread = [question]
    if question.parent_id is not None:
        thread = queries.branch(list(session.messages.all()), generation.question_id)
    album = Album(user, session)
    talk = Talk(session, thread, user.full_name, user.language or language, album)
    chosen, left_out = _candidate(model, talk)
    return Plan(
        generation_id=generation.pk,
        session_id=session.pk,
        user=user,
        question=generation.question,
        answer=generation.answer,
        model=model,
        chosen=chosen,
        others=partial(_others, model, talk),
        language=language,
        left_out=left_out,
        before=_before(user, thread),
        scope=scope_of(session),
        may_search=may_search(session),
    )


def scope_of(session: Session) -> Scope:
    """The files of this chat are always among it. Who may read what is decided by the search."""
    assistant = session.assistant_version
    if assistant is None or not assistant.collections:
        return Scope(chat=session.files_id)
    own = [session.files_id] if session.files_id else []
    return Scope(collections=[*assistant.collections, *own])


def _before(user: User, thread: Sequence[Message]) -> Before:
    asked = [message.content for message in thread[:-1] if message.role == Message.Role.USER]
    answered = thread[-1].parent_id
    return Before(asked, partial(queries.cited_heading, user, answered))


def _candidate(model: LanguageModel, talk: Talk) -> tuple[Candidate, bool]:
    """The conversation as it fits a model, and whether older messages did not."""
    session = talk.session
    space, system = window(model), system_prompt(session, talk.student, talk.language)
    summary, until = queries.summary_of(session, talk.thread)
    seen = Seen(talk.album.told(talk.thread, model), picture_size(model))
    fitted = conversation(talk.thread, space.conversation(system), summary, until, seen)
    request = Request(
        model=model.name,
        system=system,
        messages=fitted.messages,
        max_tokens=model.max_output_tokens,
    )
    return Candidate(model, request, space.passages), fitted.left_out


def _others(model: LanguageModel, talk: Talk) -> list[Candidate]:
    """A question with pictures goes to models that see, and to no other."""
    question = talk.thread[-1]
    others = chain(talk.session.assistant_version, model.pk, task_of(question.content))
    seeing = [other for other in others if other.supports_vision or not question.pictures]
    return [_candidate(other, talk)[0] for other in seeing]
