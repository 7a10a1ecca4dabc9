"""What a server does not take, learned from its own refusals.

"OpenAI-compatible" is said of dozens of servers, and each leaves something else out. One that
refuses a request for a field that can be done without, or that has another name, is asked again
without it, and from then on asked so. The memory is the process's: a server may be upgraded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import openai

from llm.messages import JSONDict

# Field -> what it may be called instead; "" where it can only be left out. What somebody asked for
# by name (response_format, stop, seed) is not among them: leaving it out would not be told.
OPTIONAL = {
    "stream_options": "",
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
    "temperature": "",
    "top_p": "",
    "parallel_tool_calls": "",
}
SYSTEM = "system"
REFUSED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra"
    r"|additional propert|invalid|only the default|use '",
    re.IGNORECASE,
)
# A value that is too large is no unknown field.
TOO_MUCH = re.compile(r"too (?:large|high|long|many)|at most|maximum|exceed|greater", re.IGNORECASE)
NO_SYSTEM = re.compile(
    r"system role (?:is )?not supported|system messages? .{0,20}not support", re.I
)
NO_TOOLS = re.compile(
    r"(?:not|n't) support (?:the use of )?(?:tool|function)"
    r"|(?:tools?|tool_choice|function.calling)\W.{0,40}(?:not supported|unsupported)"
    r"|enable-auto-tool-choice|no endpoints found that support tool",
    re.IGNORECASE,
)
MOST = 1000

# An address and a model there.
Where = tuple[str, str]
# Fields that are not taken, each with its other name, or "" where it is left out.
Known = Mapping[str, str]
_known: dict[Where, Known] = {}


def known(where: Where) -> Known:
    return _known.get(where, {})


def remember(where: Where, known: Known) -> None:
    """An answer came by this: what a server refused for another reason is not learned."""
    if known and _known.get(where) != known:
        if len(_known) >= MOST:
            _known.clear()
        _known[where] = known


def forget() -> None:
    """For tests."""
    _known.clear()


def fitted(body: JSONDict, known: Known) -> JSONDict:
    """The body as a server takes it of which this is known."""
    body = dict(body)
    for field, other in known.items():
        if field == SYSTEM:
            body["messages"] = _without_system(body["messages"])
        elif field in body:
            value = body.pop(field)
            if other:
                body[other] = value
    return body


def learned(known: Known, sent: JSONDict, error: openai.APIStatusError) -> Known | None:
    """What is known now that `sent` was refused; None when another try can do nothing else."""
    if error.status_code not in (400, 422):
        return None
    said = f"{error.code} {error.param} {error.body}"
    found = SYSTEM if _has_system(sent) and NO_SYSTEM.search(said) else _field(sent, error, said)
    if not found or found in known:
        return None
    # Refused by either name, it is left out.
    other = OPTIONAL.get(found, "")
    before = {name: "" if new == found else new for name, new in known.items()}
    return {**before, found: "" if other in known else other}


def takes_no_tools(error: openai.APIStatusError) -> bool:
    """The model, or its server as it was started, calls no tools at all."""
    is_refusal = error.status_code in (400, 404, 422, 500, 501)
    return is_refusal and bool(NO_TOOLS.search(f"{error.code} {error.body}"))


def _field(sent: JSONDict, error: openai.APIStatusError, said: str) -> str:
    if not REFUSED.search(said) or TOO_MUCH.search(said):
        return ""
    if error.param in OPTIONAL and error.param in sent:
        return str(error.param)
    # The name of one may be the end of another's.
    named = (name for name in OPTIONAL if name in sent and re.search(rf"\b{name}\b", said))
    return next(named, "")


def _has_system(sent: JSONDict) -> bool:
    return bool(sent["messages"]) and sent["messages"][0]["role"] == "system"


def _without_system(messages: list[JSONDict]) -> list[JSONDict]:
    """What the model was told stands before the first question."""
    if not messages or messages[0]["role"] != "system":
        return messages
    told, *others = messages
    for place, row in enumerate(others):
        if row["role"] == "user":
            others[place] = {**row, "content": _joined(told["content"], row["content"])}
            return others
    return [{"role": "user", "content": told["content"]}, *others]


def _joined(told: str, content: Any) -> Any:
    if isinstance(content, str):
        return f"{told}\n\n{content}"
    return [{"type": "text", "text": told}, *content]
