"""Opening a generation in one statement: the question, the place for its answer, the generation.

What stands before the first word is what students wait for, and a hundred of them may ask in one
second. The statement decides access, that the session is open, that nobody else writes to it, that
its assistant is open to the asker and that the models are those this process knows; whatever does
not fit it (another answer, a repeated key, a session of somebody else) changes nothing here and is
told apart by ``chat.services``, which does the same in single steps.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection
from django.utils import timezone

from accounts.models import User
from chat.assistants.models import OPEN_TO_ASKER, AssistantVersion
from chat.generations import LEASE
from chat.models import Generation, Message, Session
from core.ids import new_id
from core.process import owner
from llm.models import LanguageModel
from llm.standing import ANY_ACTIVE, STAMP, forget_usable, saw_budgets, usable_before
from llm.tokens import LEAST_BYTES, SAFETY, size
from prompts.models import PromptVersion
from prompts.services import TOLD


def columns(model: type[Any], *wanted: str) -> list[str]:
    """In the order of the model's fields, as ``from_db`` takes them; all where none is named."""
    names = [field.attname for field in model._meta.concrete_fields]
    return [name for name in names if name in wanted or not wanted]


SESSION = columns(Session)
# All that a turn needs of them.
PROMPT = columns(PromptVersion, "id", "prompt_id", "number", "name", *TOLD)
ASSISTANT = columns(
    AssistantVersion, *"id assistant_id number name model_id fallbacks collections tools".split()
)
# Messages and generations refer to each other by keys that are checked when the statement ends.
SQL = f"""
with old as (
  select s.* from chat_session s
  where s.id = %(session)s and s.user_id = %(user)s and s.status = 'ACTIVE' and not exists (
    select 1 from chat_generation g where g.session_id = s.id and g.status = 'running')
  and {{stamp}} = %(stamp)s and {{open_to_asker}}
  and not exists (
    select 1 from chat_assistantversion v
    where v.id = s.assistant_version_id and v.model_id <> all(%(usable)s::uuid[]))
  for update of s
), used as (
  insert into core_idempotentrequest (user_id, key, fingerprint, result, created_at)
  select %(user)s, %(key)s, %(print)s, %(result)s::jsonb, %(now)s from old where %(key)s <> ''
), asked as (
  insert into chat_message (id, session_id, parent_id, position, role, content, status,
    stop_reason, error_code, steps, model_id, created_at)
  select %(question)s, id, leaf_id, total_messages + 1, 'user', %(text)s, 'complete',
    '', '', '[]'::jsonb, null::uuid, %(now)s from old
  union all
  select %(answer)s, id, %(question)s, total_messages + 2, 'assistant', '', 'streaming',
    '', '', '[]'::jsonb, {{model}}, %(now)s from old
), begun as (
  insert into chat_generation (id, session_id, question_id, answer_id, model_id, status,
    lease_until, owner, stop_requested, last_seq, error_code, input_tokens, output_tokens,
    cached_tokens, started_at)
  select %(generation)s, id, %(question)s, %(answer)s, {{model}}, 'running', %(lease)s, %(owner)s,
    false, 0, '', 0, 0, 0, %(now)s from old
), changed as (
  update chat_session s set leaf_id = %(answer)s, total_messages = old.total_messages + 2,
    updated_at = %(now)s, archived_at = null,
    title = case when old.title_is_automatic and old.title = '' then %(title)s else old.title end
  from old where s.id = old.id
)
select {{any_budget}}, {", ".join(f"old.{name}" for name in SESSION)},
  {", ".join(f"p.{name}" for name in PROMPT)}, {", ".join(f"a.{name}" for name in ASSISTANT)}
from old left join prompts_promptversion p on p.id = old.prompt_version_id
left join chat_assistantversion a on a.id = old.assistant_version_id
""".format(  # noqa: S608  names of columns only
    model="case when model_id = any(%(usable)s::uuid[]) then model_id else %(usual)s end",
    stamp=STAMP,
    open_to_asker=OPEN_TO_ASKER,
    any_budget=ANY_ACTIVE,
)


@dataclass(frozen=True)
class Asked:
    """A question as it was sent. ``text`` is stripped and not empty; ``key`` may be ""."""

    user: User
    session_id: uuid.UUID
    text: str
    title: str
    key: str = ""
    fingerprint: str = ""


def open_at_once(asked: Asked) -> Generation | None:
    """The generation with its session, prompt, messages and model loaded; None when this is a
    case for the longer way, and then nothing was written."""
    models, stamp = usable_before()
    if not models or not _surely_fits(asked.text, models) or len(asked.key) > 200:
        return None
    now, ids = timezone.now(), [new_id() for _ in range(3)]
    question, answer, generation = ids
    given = {
        "session": asked.session_id,
        "user": asked.user.pk,
        "is_admin": asked.user.is_admin,
        "text": asked.text,
        "title": asked.title,
        "key": asked.key,
        "print": asked.fingerprint,
        "result": json.dumps({"generation_id": str(generation)}),
        "question": question,
        "answer": answer,
        "generation": generation,
        "usable": [model.pk for model in models],
        "usual": models[0].pk,
        "stamp": stamp,
        "owner": owner(),
        "lease": now + LEASE,
        "now": now,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL, given)
            row = cursor.fetchone()
    except IntegrityError:
        # Somebody else was first with this session or key, or a model has just gone.
        row = None
    if row is None:
        forget_usable()
        return None
    saw_budgets(row[0])
    return _built(asked, row[1:], ids, models, now)


def _surely_fits(text: str, models: list[LanguageModel]) -> bool:
    """Into two fifths of the smallest window (``chat.context.Window``), at the worst rate."""
    smallest = min(model.context_window for model in models)
    return size(text) <= smallest * LEAST_BYTES * SAFETY * 2 / 5


def _built(
    asked: Asked,
    row: tuple[Any, ...],
    ids: list[uuid.UUID],
    models: list[LanguageModel],
    now: datetime,
) -> Generation:
    """The rows as they are now, without asking for them again."""
    own, prompt = row[: len(SESSION)], row[len(SESSION) : -len(ASSISTANT)]
    assistant = row[-len(ASSISTANT) :]
    session = Session.from_db("default", SESSION, own)
    session.user = asked.user
    if session.prompt_version_id:
        session.prompt_version = PromptVersion.from_db("default", PROMPT, prompt)
    if session.assistant_version_id:
        session.assistant_version = AssistantVersion.from_db("default", ASSISTANT, assistant)
    model = next((one for one in models if one.pk == session.model_id), models[0])
    before, place = session.leaf_id, session.total_messages
    question = Message(
        id=ids[0], session=session, parent_id=before, position=place + 1, content=asked.text
    )
    question.role, question.created_at = Message.Role.USER, now
    answer = Message(id=ids[1], session=session, parent=question, position=place + 2, model=model)
    answer.role, answer.status = Message.Role.ASSISTANT, Message.Status.STREAMING
    answer.created_at = now
    session.leaf, session.total_messages, session.updated_at = answer, place + 2, now
    session.archived_at = None
    if session.title_is_automatic and not session.title:
        session.title = asked.title
    generation = Generation(
        id=ids[2], session=session, question=question, answer=answer, model=model, started_at=now
    )
    generation.owner, generation.lease_until = owner(), now + LEASE
    for made in (question, answer, generation):
        made._state.adding, made._state.db = False, "default"
    return generation
