"""What a completion is made of: checked and read from the database before the model is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import User
from chat.assistants.queries import chain
from chat.compatible import offered
from chat.compatible.conversation import Conversation, conversation
from chat.compatible.refusals import refused, unsupported
from chat.compatible.requests import MOST_STOPS, CompletionIn
from chat.context import may_search, system_prompt, window
from chat.models import Session
from chat.plans import scope_of
from chat.tools import Before
from llm.fallback import Candidate
from llm.messages import Request, ToolSpec, Wishes
from llm.models import LanguageModel
from llm.purpose import task_of
from llm.queries import takes
from llm.tokens import request_size
from prompts.queries import active_prompt
from prompts.services import version_of
from rag.search import Scope

# Bytes of passages that are read however long the conversation is.
LEAST_ROOM = 2000
ONLY_JSON = (
    "The answer is read by a program: answer with JSON and nothing else, without marks and "
    "without Markdown."
)
REFUSED = ("audio", "functions", "function_call", "web_search_options", "logprobs", "top_logprobs")


@dataclass(frozen=True)
class Plan:
    user: User
    name: str  # of the model, as it was asked for
    chosen: Candidate
    others: Callable[[], Sequence[Candidate]]  # who may answer instead; asks the database
    question: str
    before: Before
    tools: tuple[ToolSpec, ...]  # the caller's own
    may_search: bool
    scope: Scope
    is_json: bool
    citations_in_text: bool


def plan(user: User, address: str, asked: CompletionIn) -> Plan:
    """Counts as a question of this person. Raises AppError."""
    limits.count("chat", user, address)
    _require_known(asked)
    found = offered.found(user, asked.model)
    model, talk = found.model, conversation(asked.messages)
    tools, choice = _tools(asked)
    wishes = _wishes(asked, choice)
    needed = _needed(wishes, tools, talk)
    if missing := sorted(needed - _abilities(model)):
        raise _cannot(missing[0])
    session = _session(user, found, talk.instructions)
    asking = partial(
        _candidate, session, talk, Request("", tools=tools, wishes=wishes), _most(asked)
    )
    questions = talk.questions
    return Plan(
        user=user,
        name=found.name,
        chosen=asking(model),
        others=partial(_others, found, needed, questions, asking),
        question=questions[-1] if questions else "",
        before=Before(questions[:-1]),
        tools=tools,
        # A call that has to be made is one of the caller's; so is a tool of our tool's name.
        may_search=may_search(session) and not wishes.tool_choice,
        scope=scope_of(session),
        is_json=_is_json(wishes),
        citations_in_text=asked.citations_in_text,
    )


def _require_known(asked: CompletionIn) -> None:
    if asked.n not in (None, 1):
        raise refused(_("Lontar gives one answer at a time: n has to be 1."), "n")
    for name in REFUSED:
        if getattr(asked, name):
            raise unsupported(name)
    if asked.logit_bias:
        raise unsupported("logit_bias")
    if asked.modalities and asked.modalities != ["text"]:
        raise unsupported("modalities")
    if isinstance(asked.stop, list) and len(asked.stop) > MOST_STOPS:
        raise refused(_("Give at most 4 texts to stop at."), "stop")


def _wishes(asked: CompletionIn, choice: str) -> Wishes:
    form = asked.response_format
    stops = (asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ())
    return Wishes(
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=tuple(stop for stop in stops if stop),
        seed=asked.seed,
        presence_penalty=asked.presence_penalty,
        frequency_penalty=asked.frequency_penalty,
        response_format=form.model_dump(exclude_none=True) if form else None,
        tool_choice=choice,
        parallel_tool_calls=asked.parallel_tool_calls,
    )


def _tools(asked: CompletionIn) -> tuple[tuple[ToolSpec, ...], str]:
    """(the caller's tools, which of them has to be called: "required", a name or "")."""
    specs = tuple(
        ToolSpec(
            tool.function.name,
            tool.function.description or "",
            tool.function.parameters or {"type": "object", "properties": {}},
        )
        for tool in asked.tools or ()
    )
    choice: Any = asked.tool_choice
    if isinstance(choice, dict):
        choice = (choice.get("function") or {}).get("name") or ""
        if choice not in {spec.name for spec in specs}:
            raise refused(_("There is no tool of this name in tools."), "tool_choice")
    elif choice not in (None, "none", "auto", "required"):
        raise refused(_("Give none, auto, required or the name of a tool."), "tool_choice")
    if choice == "none":
        return (), ""
    if choice == "required" and not specs:
        raise refused(_("There are no tools that could be called."), "tool_choice")
    return specs, "" if choice in (None, "auto") else choice


def _needed(wishes: Wishes, tools: Sequence[ToolSpec], talk: Conversation) -> set[str]:
    """What a model has to be able to do for this request."""
    values = {name: getattr(wishes, name) for name in Wishes.__slots__}
    needed = {name for name, value in values.items() if value not in (None, "", ())}
    needed -= {"response_format", "parallel_tool_calls"}
    # What every model does anyway.
    needed -= {"temperature"} if wishes.temperature == 1 else set()
    needed -= {"top_p"} if wishes.top_p == 1 else set()
    needed -= {name for name in needed if name.endswith("_penalty") and not values[name]}
    form = wishes.response_format or {"type": "text"}
    return {
        *needed,
        *({form["type"]} if form["type"] != "text" else ()),
        *({"tools"} if tools or talk.has_calls else ()),
        *({"vision"} if talk.has_pictures else ()),
    }


def _abilities(model: LanguageModel) -> set[str]:
    return {*takes(model), *({"vision"} if model.supports_vision else ())}


def _cannot(what: str) -> Exception:
    if what == "vision":
        sentence = _("This model sees no pictures. Leave them out, or choose another model.")
        return refused(sentence, "messages", "unsupported_image")
    if what == "tools":
        sentence = _("This model calls no tools. Leave them out, or choose another model.")
        return refused(sentence, "tools", "unsupported_parameter")
    return unsupported("response_format" if what.startswith("json_") else what)


def _is_json(wishes: Wishes) -> bool:
    return (wishes.response_format or {}).get("type") in ("json_object", "json_schema")


def _most(asked: CompletionIn) -> int | None:
    """Tokens an answer may have."""
    return asked.max_completion_tokens or asked.max_tokens


def _session(user: User, found: offered.Offered, instructions: str) -> Session:
    """One that is never stored: what a chat with this model or assistant would begin with."""
    version = found.version
    prompt = (version.prompt if version else None) or active_prompt()
    return Session(
        user=user,
        prompt=prompt,
        prompt_version=version_of(prompt) if prompt else None,
        assistant_version=version,
        prompt_general=instructions,
    )


def _candidate(
    session: Session, talk: Conversation, wanted: Request, most: int | None, model: LanguageModel
) -> Candidate:
    """The request as one model gets it; raises AppError when it is too long for that one."""
    user = session.user
    system = system_prompt(session, user.full_name, user.language or get_language() or "en")
    known = [limit for limit in (most, model.max_output_tokens) if limit]
    request = replace(
        wanted,
        model=model.name,
        system=f"{system}\n\n{ONLY_JSON}" if _is_json(wanted.wishes) else system,
        messages=talk.messages,
        max_tokens=min(known, default=None),
    )
    space = window(model)
    # A quarter is kept for the reply.
    left = space.total * 3 // 4 - request_size(request)
    if left < 0:
        sentence = _("These messages are too long for %(model)s, which reads %(window)d tokens.")
        said = sentence % {"model": model.display_name, "window": model.context_window}
        raise refused(said, "messages", "context_length_exceeded")
    return Candidate(model, replace(request, tools=()), max(min(space.passages, left), LEAST_ROOM))


def _others(
    found: offered.Offered,
    needed: set[str],
    questions: Sequence[str],
    asking: Callable[[LanguageModel], Candidate],
) -> list[Candidate]:
    """Who may answer instead: those that can do what is asked."""
    task = task_of(questions[-1]) if questions else ""
    others = chain(found.version, found.model.pk, task)
    return [asking(other) for other in others if needed <= _abilities(other)]
