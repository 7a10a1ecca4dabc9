"""Everything that goes wrong, or only looks odd, at a provider, and what becomes of it.

The contract test drives every provider through each row; docs/providers.md shows them, written by

    python -m llm.tests.troubles

The simulated answer has 10 words, and 3 attempts are made at most.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
START, END = "<!-- troubles: written by python -m llm.tests.troubles -->", "<!-- end -->"
WHOLE = 10
REASONS = ("stop", "length", "refusal", "content_filter")
# After these the provider may have read the request; what it did not count is estimated.
MAY_COST = frozenset({"timeout", "interrupted", "malformed", "refused", "stopped", "internal"})
TEXT = ("openai", "anthropic")


@dataclass(frozen=True)
class Trouble:
    """``model`` is what a simulated model is called that behaves so.

    ``ends``: a stop reason, or the code of the error; ``others``: where a provider ends otherwise.
    ``kept``: words a student keeps. ``requests``: how many are made in all. ``calls``: what became
    of the tool calls, "ok" or "error". ``only``: the providers it happens to.
    """

    what: str
    model: str
    ends: str
    kept: int = 0
    requests: int = 1
    calls: tuple[str, ...] = ()
    others: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ("openai", "anthropic", "google")
    address: str = ""
    has_tool: bool = False

    @property
    def counted(self) -> bool:
        """The provider tells what it has read and written."""
        return self.ends in REASONS and "nousage" not in self.model

    @property
    def limits(self) -> dict[str, float]:
        """Only what falls silent is given little time, and once it has: the machine may be busy."""
        if self.ends != "timeout" or self.address or "err" in self.model:
            return {}
        return {"silent_after": self.kept} if self.kept else {"first": 0.8}

    def ending(self, kind: str) -> str:
        return self.others.get(kind, self.ends)


def reach(what: str, address: str, ends: str, requests: int) -> Trouble:
    return Trouble(what, "fake", ends, requests=requests, address=address)


def status(number: int, what: str, ends: str, requests: int = 1) -> Trouble:
    return Trouble(f"{number} {what}", f"fake-err{number}", ends, requests=requests)


def tool(what: str, model: str, calls: tuple[str, ...], **more: Any) -> Trouble:
    return Trouble(
        what, model, "stop", calls=calls, has_tool=True, **{"kept": WHOLE, "requests": 2, **more}
    )


REACHING = [
    reach("refuses the connection", "refuses", "unavailable", 3),
    reach("its name is unknown (DNS)", "unknown", "unavailable", 3),
    reach("does not take the connection", "full", "timeout", 1),
    Trouble("takes the request and never answers", "fake-mute", "timeout"),
    Trouble("answers with a page (a proxy, a network's log-in)", "fake-page", "malformed", 0, 3),
    Trouble("status 200 with an error in JSON", "fake-json", "unavailable", 0, 3),
    Trouble("redirects", "fake-err307", "bad_request"),
]
REFUSALS = [
    status(400, "bad request", "bad_request"),
    status(401, "unauthorized", "auth"),
    Trouble("wrong key, as the provider says it", "fake-errkey", "auth"),
    status(402, "payment required", "spent"),
    status(403, "forbidden", "auth"),
    Trouble("moderation, as the provider says it", "fake-errflagged", "refused", only=TEXT),
    status(404, "not found", "unknown_model"),
    Trouble("unknown model, as the provider says it", "fake-errmodel", "unknown_model"),
    status(408, "request timeout", "timeout"),
    status(409, "conflict", "unavailable", 3),
    status(413, "too large", "context_too_long"),
    Trouble("too long, as the provider says it", "fake-errlong", "context_too_long"),
    status(422, "unprocessable", "bad_request"),
    status(429, "too many requests", "rate_limited", 3),
    Trouble("429 with a short Retry-After", "fake-err429-after0-times1", "stop", WHOLE, 2),
    Trouble("429 with a long Retry-After", "fake-err429-after60", "rate_limited"),
    Trouble("spent limit, as the provider says it", "fake-errspent", "spent"),
    status(500, "internal error", "unavailable", 3),
    status(502, "bad gateway", "unavailable", 3),
    status(503, "unavailable", "unavailable", 3),
    status(504, "gateway timeout", "timeout"),
    status(529, "overloaded", "rate_limited", 3),
    Trouble("503 once, then well", "fake-err503-times1", "stop", WHOLE, 2),
]
BREAKS = [
    Trouble("ends before the first word", "fake-empty", "interrupted", 0, 3),
    Trouble("dies before the first word (RST)", "fake-die0", "unavailable", 0, 3),
    Trouble("dies in mid-stream (RST)", "fake-die5", "interrupted", 5),
    Trouble("closes in mid-stream", "fake-drop5", "interrupted", 5),
    Trouble("ends tidily but early, without a reason", "fake-cut5", "incomplete", 5),
    Trouble("falls silent before the first word", "fake-hang0", "timeout"),
    Trouble("falls silent in mid-stream", "fake-hang5", "timeout", 5),
    Trouble("falls silent but for keep-alives", "fake-ping-d9000", "timeout", 1),
    Trouble("malformed JSON before the first word", "fake-bad0", "malformed", 0, 3),
    Trouble("malformed JSON in mid-stream", "fake-bad5", "malformed", 5),
    Trouble("an event that makes no sense", "fake-odd5", "malformed", 5, only=TEXT),
    # google-genai passes over what is no object.
    Trouble("an event that makes no sense", "fake-odd5", "stop", WHOLE, only=("google",)),
    Trouble(
        "an error inside the stream, before the first word",
        "fake-inband0",
        "rate_limited",
        0,
        3,
        others={"google": "unavailable"},
    ),
    Trouble(
        "an error inside the stream",
        "fake-inband5",
        "rate_limited",
        5,
        others={"google": "unavailable"},
    ),
]
ENDINGS = [
    Trouble("says nothing and ends well", "fake-n0", "stop"),
    Trouble("cut at the longest answer", "fake-length", "length", WHOLE),
    Trouble(
        "stopped by a filter",
        "fake-filter",
        "content_filter",
        WHOLE,
        others={"anthropic": "refusal"},
    ),
    Trouble("refuses, in words of its own", "fake-refuse", "refusal", 15, only=("openai",)),
    Trouble(
        "refuses",
        "fake-refuse",
        "refusal",
        WHOLE,
        others={"google": "content_filter"},
        only=("anthropic", "google"),
    ),
]
ODDITIES = [
    Trouble("keep-alive comments between the events", "fake-ping", "stop", WHOLE),
    Trouble("letters cut between chunks, a byte a chunk", "fake-utf-split1", "stop", WHOLE),
    Trouble("10 MB in one word", "fake-big10", "stop", WHOLE),
    Trouble("a word at a time, slowly", "fake-d30", "stop", WHOLE),
    Trouble("does not tell its usage", "fake-nousage", "stop", WHOLE),
    Trouble("thinks first", "fake-think3", "stop", WHOLE),
]
TOOLS = [
    tool("one call, arguments in fragments", "fake", ("ok",)),
    tool("two calls at once", "fake-twice", ("ok", "ok")),
    tool("two calls with the same id", "fake-same", ("ok", "ok")),
    tool("three rounds", "fake-rounds3", ("ok",) * 3, requests=4),
    tool("would call for ever", "fake-rounds99", ("ok",) * 4, requests=5),
    tool("a tool nobody offered", "fake-unknown", ("error",)),
    tool("signed reasoning goes back unchanged", "fake-think2-twice", ("ok", "ok")),
    tool("broken arguments", "fake-broken", ("error",), only=TEXT),
    # It checks arguments itself and gives none: there is nothing to tell the model about.
    Trouble("broken arguments", "fake-broken", "malformed", 0, 3, only=("google",), has_tool=True),
    Trouble("cut inside a call", "fake-halfcall", "length", has_tool=True),
    Trouble("dies while it answers", "fake-die5", "interrupted", 5, 2, ("ok",), has_tool=True),
]
SECTIONS = {
    "It cannot be reached": REACHING,
    "It refuses": REFUSALS,
    "It breaks off": BREAKS,
    "It ends for a reason": ENDINGS,
    "It is odd, and nothing is lost": ODDITIES,
    "It calls tools": TOOLS,
}
TROUBLES = [trouble for rows in SECTIONS.values() for trouble in rows]
CASES = [(kind, trouble) for trouble in TROUBLES for kind in trouble.only]


def table() -> str:
    """The rows as Markdown, and the sentence of each code."""
    from llm.errors import CODES, llm_error

    lines = []
    for title, rows in SECTIONS.items():
        lines += [f"### {title}", "", f"| what it does | ends as | {_third(rows)} | kept | paid |"]
        lines += ["|---|---|---|---|---|", *map(_row, rows), ""]
    codes = sorted(set(CODES) & set(_endings()))
    lines += ["### What the student reads", "", "| code | sentence | worth trying again |"]
    lines += ["|---|---|---|"]
    for code in codes:
        error = llm_error(code)
        lines.append(f"| `{code}` | {error.message} | {'yes' if error.retryable else 'no'} |")
    return "\n".join(lines)


def _endings() -> Iterator[str]:
    for trouble in TROUBLES:
        yield from (trouble.ends, *trouble.others.values())


def _row(trouble: Trouble) -> str:
    ends = f"`{trouble.ends}`"
    for kind, other in trouble.others.items():
        ends += f", {kind}: `{other}`"
    what = trouble.what
    if len(trouble.only) < 3:
        what += f" ({', '.join(trouble.only)})"
    kept = "what was said" if trouble.kept else "nothing"
    kept = "the whole answer" if trouble.kept >= WHOLE else kept
    return f"| {what} | {ends} | {_again(trouble)} | {kept} | {_paid(trouble)} |"


def _third(rows: list[Trouble]) -> str:
    return "its calls" if rows is TOOLS else "sent again"


def _paid(trouble: Trouble) -> str:
    if trouble.counted:
        return "as counted"
    return "estimated" if trouble.ends in {*REASONS, *MAY_COST, "incomplete"} else "nothing"


def _again(trouble: Trouble) -> str:
    if trouble.has_tool:
        return ", ".join(sorted(set(trouble.calls))) or "not run"
    return "yes" if trouble.requests > 1 else "no"


def page(old: str) -> str:
    """The page with its table as it has to be."""
    before, _, rest = old.partition(START)
    return f"{before}{START}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(USE_I18N=False)
    PAGE.write_text(page(PAGE.read_text()))
    sys.stdout.write(f"{PAGE}\n")
