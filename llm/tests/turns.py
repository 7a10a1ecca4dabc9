"""A turn with a real SDK against a simulated provider, and what came of it."""

import json
from contextlib import aclosing
from dataclasses import dataclass, field

from llm.base import Abilities, Endpoint
from llm.errors import LLMError
from llm.events import Finished, TextDelta, ToolFinished
from llm.loop import Tool, run_turn
from llm.messages import Request, ToolSpec, Usage, user
from llm.resilience import Resilient
from llm.tests.wires import WIRES
from tests.patience import PATIENCE

PATHS = {"openai": "/v1", "anthropic": "", "google": ""}
SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


@dataclass
class Taken:
    """``ended`` is a stop reason or the code of an error."""

    ended: str = ""
    sentence: str = ""
    text: str = ""
    requests: int = 0
    calls: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)

    @property
    def words(self):
        return len(self.text.split())


class Counted:
    def __init__(self, model):
        self.model, self.requests = model, 0

    def stream(self, request):
        self.requests += 1
        return self.model.stream(request)


async def search(arguments):
    text = f"A passage about {arguments['query']} It goes on."
    return json.dumps({"passages": [{"mark": 1, "document": "a.pdf", "page": 2, "text": text}]})


async def take_turn(kind, base, name, *, has_tool=False, first=PATIENCE, silent_after=None):
    """``first``: seconds that are borne before the first word; hardly any are once it has said so
    many words as ``silent_after`` says."""
    path = PATHS[WIRES[kind].protocol]
    model = Counted(WIRES[kind].adapter(Endpoint(kind, base + path, "any"), Abilities()))
    patient = Resilient(model, first_event=first, silence=PATIENCE, base_wait=0.001)
    tools = [Tool(ToolSpec("document_search", "Search.", SCHEMA), search)] if has_tool else []
    request = Request(model=name, system="Be kind.", messages=(user("why is it?"),))
    turn = Taken()
    try:
        async with aclosing(run_turn(patient, request, tools)) as events:
            async for event in events:
                _follow(turn, event)
                if turn.words == silent_after:
                    patient._silence = 0.3
    except LLMError as error:
        turn.ended, turn.sentence = error.code, error.message
    turn.requests = model.requests
    return turn


def _follow(turn, event):
    if isinstance(event, TextDelta):
        turn.text += event.text
    elif isinstance(event, ToolFinished):
        turn.calls += ("error" if event.result.is_error else "ok",)
    elif isinstance(event, Finished):
        turn.ended, turn.usage = event.stop_reason, event.usage
