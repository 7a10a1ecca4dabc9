"""A session of 500 messages: how soon it is there, how it scrolls, how soon words come in it.

Two figures tell of scrolling by wheel. The longest gap between two frames is what a reader sees,
and with it what else the machine did; the longest frame in time of the processor is the page's own.
"""

import os
import subprocess
import sys
from typing import Any

from playwright.sync_api import Page

from bench.client import Client
from bench.figures import goal, p95, show
from bench.installation import Installation
from launch.options import ROOT

MESSAGES = 500
TURNS, NOTCH = 150, 300  # of the wheel, CSS pixels each: a fast flick
QUESTIONS = 8
FRAME = 32  # milliseconds
RECORD = """() => {
  const frames = (__bench.frames = []);
  let before;
  const next = (now) => {
    if (before) frames.push(now - before);
    before = now;
    if (__bench.frames === frames) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""
RECORDED = "() => { const { frames } = __bench; __bench.frames = null; return frames; }"
SEED = """
from accounts.models import User
from chat.models import Message, Session
from llm.models import LanguageModel
user = User.objects.get(email={email!r})
model = LanguageModel.objects.filter(is_active=True).first()
session = Session.objects.create(user=user, title="Long", model=model)
parent = None
for number in range(1, {messages} + 1):
    asked = number % 2
    parent = Message.objects.create(
        session=session, parent=parent, position=number, role="user" if asked else "assistant",
        content=f"Question {{number}}?" if asked else {answer!r}, model=None if asked else model,
    )
session.total_messages = {messages}
session.leaf = parent
session.save()
print(session.pk)
"""
ANSWER = (
    """The **first** of them is $E_1 = mc^2$, as the text says.

- one thing with `code`
- another with a [link](https://example.org)

```python
def leaf(n):
    return "palm" * n
```

| Year | Leaves |
|---|---|
| 1900 | 12 |
| 1901 | 13 |

"""
    + "And then many words that are read on a long evening. " * 6
)


def measure(page: Page, lontar: Installation, client: Client) -> None:
    _open(page, _seed(lontar, client))
    for slower in (1, 4):
        _scroll(page, slower)
    _first_words(page)


def _seed(lontar: Installation, client: Client) -> str:
    code = SEED.format(email=client.who["email"], messages=MESSAGES, answer=ANSWER)
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    env = {**os.environ, **lontar.run_env()}
    return subprocess.check_output(command, cwd=ROOT, env=env, text=True).split()[-1]


def _open(page: Page, session: str) -> None:
    page.goto(f"/chat/{session}/")
    page.wait_for_selector(".answer:last-child .katex")
    there = page.evaluate("performance.now()")
    show(f"a session of {MESSAGES} messages: newest answer drawn (ms)", f"{there:.0f}")
    feet = f"() => document.querySelectorAll('.answer-foot').length === {MESSAGES // 2}"
    page.wait_for_function(feet)  # a function: the page's policy refuses to evaluate a text
    drawn = page.evaluate("performance.now()")
    show(f"a session of {MESSAGES} messages: all drawn (ms)", f"{drawn:.0f}")


def _scroll(page: Page, slower: int) -> None:
    line = page.context.new_cdp_session(page)
    line.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.evaluate("document.getElementById('to-end').click()")
    page.hover("#scroll")
    page.evaluate(RECORD)
    with _Trace(line) as trace:
        for _ in range(TURNS):
            page.mouse.wheel(0, -NOTCH)
        gaps = page.evaluate(RECORDED)
    line.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    line.detach()
    name = "scrolling" if slower == 1 else f"scrolling, processor 1/{slower}"
    costs = trace.frames()
    more = f"p95 {p95(costs):.0f} of {len(costs)}"
    goal(f"{name}: longest frame, processor (ms)", max(costs), FRAME * slower, more)
    goal(f"{name}: longest gap of frames (ms)", max(gaps), FRAME * slower, f"p95 {p95(gaps):.0f}")


class _Trace:
    """What the main thread of the page spends on each frame while it is open."""

    def __init__(self, line: Any) -> None:
        self.line = line
        self.events: list[Any] = []
        self.is_whole = False
        line.on("Tracing.dataCollected", lambda data: self.events.extend(data["value"]))
        line.on("Tracing.tracingComplete", self._complete)

    def _complete(self, _data: Any) -> None:
        self.is_whole = True

    def __enter__(self) -> "_Trace":
        kinds = ["toplevel", "cc", "__metadata"]
        how = {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": kinds}}
        self.line.send("Tracing.start", how)
        return self

    def __exit__(self, *_: object) -> None:
        self.line.send("Tracing.end")
        while not self.is_whole:  # what comes meanwhile is handed over with the next answer
            self.line.send("Performance.disable")

    def frames(self) -> list[float]:
        """Milliseconds of the processor for each frame of the thread that drew most of them."""
        name = "ProxyMain::BeginMainFrame"
        found: dict[tuple[int, int], list[float]] = {}
        for event in self.events:
            if event.get("name") == name and event.get("ph") == "X":
                costs = found.setdefault((event["pid"], event["tid"]), [])
                costs.append(event.get("tdur", event["dur"]) / 1000)
        return max(found.values(), key=len)


def _first_words(page: Page) -> None:
    waits = []
    for number in range(QUESTIONS):
        page.evaluate("Object.assign(__bench, { arrived: 0, painted: 0 })")
        page.fill("#say", f"And in question {number}?")
        page.keyboard.press("Enter")
        there = MESSAGES // 2 + number + 1
        page.wait_for_function(
            f"() => document.querySelectorAll('.answer-foot').length === {there}"
        )
        page.wait_for_selector("#send:not([data-does=stop])")
        waits.append(page.evaluate("__bench.painted - __bench.arrived"))
    more = f"median {sorted(waits)[len(waits) // 2]:.0f}"
    goal("first words painted in it after arrival, longest (ms)", max(waits), 50, more)
