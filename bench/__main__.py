"""Start, memory, ingestion, search and answers of one Lontar on this machine.

`python -m bench ingest` compares ingestion with the usual recipe and its parts: see bench.ingest.
`python -m bench search` measures search as collections grow: see bench.search.
`python -m bench pages` measures the chat page in a browser: see bench.pages.

`make bench` or `make bench ARGS="--pdf paper.pdf --ask 'What is measured?' --streams 100"`.
Figures depend on what else the machine does: run it on a quiet one.
"""

import argparse
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import ingest, search
from bench.client import Client
from bench.installation import Installation
from bench.paper import make_pdf
from launch.options import ROOT


def main() -> None:
    if sys.argv[1:2] == ["ingest"]:
        ingest.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["search"]:
        search.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["pages"]:
        from bench import pages  # noqa: PLC0415 - only this one needs a browser

        pages.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", type=Path, help="a document instead of the generated one")
    parser.add_argument("--pages", type=int, default=100, help="pages of the generated one")
    parser.add_argument("--ask", default="What does chapter 40 say about light and leaf?")
    parser.add_argument("--streams", type=int, default=20, help="answers at the same moment")
    given = parser.parse_args()
    with Installation() as lontar:
        measure_start(lontar)
        client = Client(lontar.base)
        measure_document(client, given.pdf, given.pages)
        measure_search(client, given.ask)
        measure_answers(client, given.ask, given.streams)
        show("memory after all this (MiB, PSS)", describe(lontar.memory()))


def measure_start(lontar: Installation) -> None:
    show("start with an empty folder (s)", f"{lontar.start():.2f}")
    show("stop (s)", f"{lontar.stop():.2f}")
    show("start again (s)", f"{lontar.start():.2f}")
    time.sleep(5)
    show("memory idle (MiB, PSS)", describe(lontar.memory()))
    size = subprocess.run(["du", "-sm", ROOT / ".venv"], capture_output=True, text=True).stdout
    show("installed packages (MB)", size.split()[0])


def measure_document(client: Client, pdf: Path | None, pages: int) -> None:
    name, data = (pdf.name, pdf.read_bytes()) if pdf else (f"{pages}.pdf", make_pdf(pages))
    begin = time.perf_counter()
    file = client.upload(name, data)
    taken = time.perf_counter() - begin
    file = client.wait_processed(file)
    seconds = time.perf_counter() - begin
    show(f"{name}: upload (s)", f"{taken:.2f}")
    show(f"{name}: until {file['status']} (s)", f"{seconds:.2f}")


def measure_search(client: Client, query: str) -> None:
    client.search(query)
    times = []
    for number in range(50):
        begin = time.perf_counter()
        client.search(f"{query} {number}")
        times.append((time.perf_counter() - begin) * 1000)
    show("search (ms)", spread(times))


def measure_answers(client: Client, question: str, streams: int) -> None:
    show(
        "one answer: first text (ms), whole (ms)",
        "{:.0f}, {:.0f}".format(*answer(client, question)),
    )
    with ThreadPoolExecutor(streams) as pool:
        begin = time.perf_counter()
        found = list(pool.map(lambda _: answer(client, question), range(streams)))
        seconds = time.perf_counter() - begin
    show(f"{streams} answers at once: all (s)", f"{seconds:.2f}")
    show(f"{streams} answers at once: first text (ms)", spread([first for first, _ in found]))
    show(f"{streams} answers at once: whole (ms)", spread([whole for _, whole in found]))


def answer(client: Client, question: str) -> tuple[float, float]:
    """(milliseconds to the first text, to the end) of one answer that was given whole."""
    begin, first, last = time.perf_counter(), 0.0, ""
    for event, data in client.ask(question):
        last = event
        if event == "chunk" and not first:
            first = time.perf_counter() - begin
        if event == "error":
            raise RuntimeError(f"the answer failed: {data}")
    if last != "done":
        raise RuntimeError(f"the answer ended with {last!r}")
    return first * 1000, (time.perf_counter() - begin) * 1000


def spread(values: list[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"p50 {statistics.median(ordered):.1f}, p95 {p95:.1f}, max {ordered[-1]:.1f}"


def describe(memory: dict[str, int]) -> str:
    parts = ", ".join(f"{name} {size}" for name, size in memory.items())
    return f"{sum(memory.values())} ({parts})"


def show(name: str, value: str) -> None:
    print(f"{name:45} {value}", flush=True)


if __name__ == "__main__":
    main()
