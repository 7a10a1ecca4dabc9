"""What the chat page weighs in a browser, how soon it is there and how smoothly it goes on.

    python -m bench pages
    python -m bench pages --answers 100 --rounds 9
    python -m bench pages --memory --answers 400

A Lontar of its own, headless Chromium beside it, and a simulated provider that writes Markdown with
60 tokens an answer. Each figure stands beside its goal; a ratio above 1 misses it. Times depend on
what else the machine does: the load is printed, too. `--memory` streams
all answers into one place of one chat, where nothing may be left of those before, and measures
nothing else. Needs Playwright and Chromium.
"""

import argparse
import gzip
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import long_session
from bench.chats import wait_for
from bench.client import Client
from bench.figures import goal, p95, show
from bench.installation import Installation
from launch.chromium import find_chromium
from launch.home import free_port
from launch.options import ROOT

MODEL = "fake-t5-d2-n60-plain"
# Of everything that happens in the page: when the box is ready, when words came and were painted.
WATCH = """
(() => {
  const bench = (window.__bench = { ready: 0, arrived: 0, painted: 0 });
  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (event.data.includes('"stream_chunk"')) bench.arrived ||= event.timeStamp;
      });
    }
  };
  const { port1, port2 } = new MessageChannel();
  // Words are put in before a frame is painted; a message is handled after it.
  port1.onmessage = () => { bench.painted ||= performance.now(); };
  new MutationObserver(() => {
    if (!bench.ready && document.querySelector("#send[data-does]")) bench.ready = performance.now();
    if (bench.arrived && !bench.painted &&
        document.querySelector(".answer:last-child .prose")?.textContent) port2.postMessage(0);
  }).observe(document, { childList: true, subtree: true, attributes: true });
})();
"""

# Another answer than this one, whole.
ANSWERED = """(before) => {
  const last = document.querySelector(".answer:last-child");
  return last.dataset.id !== before && !last.hasAttribute("aria-busy")
    && Boolean(last.querySelector(".answer-foot"));
}"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="loads of the page")
    parser.add_argument("--answers", type=int, default=40, help="answers streamed into one tab")
    parser.add_argument("--memory", action="store_true", help="only what a long evening leaves")
    given = parser.parse_args(arguments)
    chromium = find_chromium()
    if chromium is None:
        sys.exit("bench: no Chromium here; install it or set CHROMIUM to its program")
    with provider(), Installation() as lontar:
        lontar.start()
        client = Client(lontar.base)
        show("load average of the machine", "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_context(base_url=lontar.base).new_page()
            page.add_init_script(WATCH)
            page.context.set_default_timeout(120_000)
            sign_in(page, client)
            if given.memory:
                measure_memory(page, given.answers)
            else:
                measure_weight(page)
                measure_ready(page, given.rounds)
                measure_answers(page, given.answers)
                long_session.measure(page, lontar, client)
            browser.close()


@contextmanager
def provider() -> Iterator[None]:
    port = free_port()
    command = [sys.executable, "-m", "bench.providers", "--port", str(port), "--models", MODEL]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    os.environ |= {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"{address}/v1"}
    try:
        wait_for(address)
        yield
    finally:
        process.terminate()
        process.wait()


def sign_in(page: Page, client: Client) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", client.who["email"])
    page.fill("[name=password]", client.who["password"])
    page.click("button.primary")
    page.wait_for_selector("#send[data-does]")


def measure_weight(page: Page) -> None:
    """What a first visit fetches until nothing more is asked for."""
    browser = page.context.browser
    assert browser is not None
    fresh = browser.new_context(storage_state=page.context.storage_state())
    tab = fresh.new_page()
    responses: list[Any] = []
    # Playwright keeps a note on the handler, which a built-in method would not take.
    tab.on("response", lambda response: responses.append(response))  # noqa: PLW0108
    tab.goto(f"{page.evaluate('location.origin')}/chat/", wait_until="networkidle")
    tab.wait_for_selector("#send[data-does]")
    weight = sum(len(gzip.compress(response.body(), 6)) for response in responses)
    fresh.close()
    goal("weight before the first keystroke (kB)", weight / 1000, 120)
    goal("requests before the first keystroke", len(responses), 12)


def measure_ready(page: Page, rounds: int) -> None:
    for factor, limit in ((1, 300), (4, 700)):
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": factor})
        times = []
        for _ in range(rounds + 1):
            page.goto("/chat/")
            page.wait_for_selector("#send[data-does]")
            times.append(page.evaluate("__bench.ready"))
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        session.detach()
        name = "box ready (ms)" if factor == 1 else f"box ready, processor 1/{factor} (ms)"
        goal(name, statistics.median(times[1:]), limit, f"max {max(times[1:]):.0f}")


def measure_answers(page: Page, count: int) -> None:
    """Each in a chat of its own, all in one tab."""
    session = page.context.new_cdp_session(page)
    waits, heaps, nodes = [], [], []
    for number in range(count):
        page.click("[data-new-chat]")
        page.wait_for_url("**/chat/")
        page.evaluate("Object.assign(__bench, { arrived: 0, painted: 0 })")
        page.fill("#say", f"Question {number}")
        page.keyboard.press("Enter")
        page.locator(".answer:last-child:not([aria-busy]) .answer-foot").wait_for()
        waits.append(page.evaluate("__bench.painted - __bench.arrived"))
        heap, held, _listeners = memory(session)
        heaps.append(heap)
        nodes.append(held)
    session.detach()
    # The first answer fetches the renderer; from then on it is there.
    goal("first words painted after arrival, p95 (ms)", p95(waits[1:]), 50, f"first {waits[0]:.0f}")
    early = statistics.median(heaps[count // 8 : count // 4 + 1])
    late = statistics.median(heaps[-(count // 8 + 1) :])
    more = f"{early / 1e6:.2f} to {late / 1e6:.2f} MB, nodes {nodes[count // 8]} to {nodes[-1]}"
    goal(f"memory of scripts, late/early of {count} answers", late / early, 1.1, more)


def measure_memory(page: Page, count: int) -> None:
    """One question answered again and again: each answer takes the place of the one before.

    Waits by a function: a handle of Playwright's would keep its element from going, and a selector
    with an id in it is kept by the browser, half a kilobyte for each answer.
    """
    session = page.context.new_cdp_session(page)
    page.goto("/chat/")
    page.fill("#say", "One question")
    page.keyboard.press("Enter")
    whole = ".answer:last-child:not([aria-busy]) .answer-foot"
    page.locator(whole).wait_for()
    marks = {1: "start", count // 8: "warm", count // 2: "middle", count: "end"}
    found = {}
    for number in range(1, count + 1):
        before = page.get_attribute(".answer:last-child", "data-id")
        page.click(".answer-foot [data-again]")
        page.wait_for_function(ANSWERED, arg=before)
        if number in marks:
            found[marks[number]] = heap, nodes, listeners = memory(session)
            row = f"{heap / 1e6:8.2f} MB, {nodes} nodes, {listeners} listeners"
            show(f"memory after {number} answers ({marks[number]})", row)
    session.detach()
    for at, name in enumerate(("heap", "nodes", "listeners")):
        goal(f"{name}, end/warm of {count} answers", found["end"][at] / found["warm"][at], 1.1)


def memory(session: Any) -> tuple[float, int, int]:
    """(bytes of the heap, nodes of documents, listeners) after all that can go has gone."""
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    found = {row["name"]: row["value"] for row in metrics}
    return found["JSHeapUsedSize"], int(found["Nodes"]), int(found["JSEventListeners"])
