"""What a simulated model says, step by step, whatever the protocol."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.providers.behaviour import BREAKS, Behaviour

SENTENCE = (
    "The material explains this in several places and every part of it fits together so that a "
    "reader who follows the argument from its beginning can see why it holds. "
)
LETTERS = "Größe → naïve café, ключ 説明 🌱 dîner résumé. "
MARK = re.compile(r"mark:(\w+)")
SEARCH = "document_search"


@dataclass
class Asked:
    """What matters of a request. ``results`` and ``rounds`` count from the last question on.
    ``signed``: reasoning came back with the calls it led to. ``unpaired``: the ids of calls and of
    results are not the same, or not unique; every provider refuses that."""

    question: str = ""
    results: list[str] = field(default_factory=list)
    rounds: int = 0
    offered: list[str] = field(default_factory=list)
    barred: bool = False
    signed: bool = True
    unpaired: bool = False

    @property
    def mark(self) -> str:
        found = MARK.search(self.question)
        return found.group(1) if found else ""


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Think:
    text: str


@dataclass(frozen=True)
class Call:
    """``arguments`` as it is written, which may be no JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Break:
    """A word of BREAKS."""

    how: str


@dataclass(frozen=True)
class Finish:
    """``reason``: stop, tool_calls, length, filter, refuse."""

    reason: str


Step = Say | Think | Call | Break | Finish


def steps(asked: Asked, behaviour: Behaviour) -> Iterator[Step]:
    """One answer. Troubles befall the answer, not the calls before it."""
    for number in range(behaviour.number("think")):
        yield Think(f"thought{number} ")
    calls = list(_calls(asked, behaviour))
    if calls:
        yield from calls
        yield Finish("length" if "halfcall" in behaviour else "tool_calls")
        return
    breaks = {behaviour.number(how): how for how in BREAKS if how in behaviour}
    tokens = answer(asked.results, behaviour)
    for number, token in enumerate(tokens):
        if number in breaks:
            yield Break(breaks.pop(number))
        yield Say(token)
    yield from (Break(how) for how in breaks.values())
    reasons = [reason for reason in ("length", "filter", "refuse") if reason in behaviour]
    yield Finish(reasons[0] if reasons else "stop")


def _calls(asked: Asked, behaviour: Behaviour) -> Iterator[Call]:
    if asked.barred or "plain" in behaviour or asked.rounds >= behaviour.number("rounds", 1):
        return
    name = next((tool for tool in asked.offered if "tool" in behaviour or tool == SEARCH), "")
    if not name:
        return
    question = MARK.sub("", asked.question).strip()
    written = json.dumps({"query": question}, ensure_ascii=False)
    if "broken" in behaviour or "halfcall" in behaviour:
        written = written[: len(written) // 2]
    name = "look_it_up" if "unknown" in behaviour else name
    yield Call(f"call_{asked.rounds}a", name, written)
    if "twice" in behaviour or "same" in behaviour:
        other = json.dumps({"query": f"{question} definition"}, ensure_ascii=False)
        yield Call(f"call_{asked.rounds}{'a' if 'same' in behaviour else 'b'}", name, other)


def answer(results: list[str], behaviour: Behaviour) -> list[str]:
    """``behaviour.tokens`` tokens: of what the tools found, with marks, and then of filler."""
    if "empty" in behaviour:
        return []
    text = " ".join(line for result in results for line in _quotations(result))
    filler = LETTERS if "utf" in behaviour else SENTENCE
    words = text.split()
    while len(words) < behaviour.tokens:
        words += filler.split()
    tokens = [f"{word} " for word in words[: behaviour.tokens]]
    if "big" in behaviour:
        tokens[-1] = "x" * (behaviour.number("big") * 1_000_000)
    return tokens


def _quotations(result: str) -> Iterator[str]:
    """The first sentence of each of three passages, quoted with its mark."""
    try:
        passages: list[dict[str, Any]] = json.loads(result)["passages"][:3]
    except (ValueError, KeyError, TypeError):
        return
    for passage in passages:
        text = " ".join(str(passage.get("text", "")).split())
        sentence = re.split(r"(?<=[.!?]) ", text)[0][:160].replace('"', "'").replace("[", "(")
        yield f'"{sentence}" [{passage.get("mark")}].'
