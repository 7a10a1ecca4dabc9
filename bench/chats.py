"""What Lontar adds to a model: time to the first token and processor time, at many chats at once.

    python -m bench.chats
    python -m bench.chats --chats 1,50,200 --rounds 3
    python -m bench.chats --chats 200 --budgets

A simulated provider answers with 100 tokens 20 ms apart. Each chat has its own user, session and
socket, and everything is saved. From each chat's time to the first token the provider's own is
taken off, by its own clock. The same load over a bare loop of the SDK in this process is measured
in the same run: compare with that, not with another machine.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

import openai
import websockets

from bench.client import Client
from bench.installation import Installation
from launch.home import free_port
from launch.options import ROOT
from launch.process import session_members

TOKENS = 100
MODEL = f"fake-t0-d20-n{TOKENS}-plain"
BUDGETS = """
from llm.models import Budget, LanguageModel
LanguageModel.objects.update(input_price=1, output_price=1)
for scope in ("user", "everyone"):
    Budget.objects.create(scope=scope, limit_usd=100_000)
"""
RAMP = 2.0  # seconds over which the chats of a round begin


@dataclass
class Seen:
    """One answer as its reader saw it; times of the machine's monotonic clock."""

    mark: str
    sent: float
    first: float = 0.0
    text: str = ""
    error: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", default="1,10,50,100,200")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--budgets", action="store_true", help="each person and everyone together has a budget"
    )
    given = parser.parse_args()
    levels = [int(level) for level in given.chats.split(",")]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    port = free_port()
    provider = subprocess.Popen(
        [sys.executable, "-m", "bench.providers", "--port", str(port), "--models", MODEL],
        cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    os.environ |= {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"{address}/v1"}
    os.environ |= {"LIMIT_SIGNUP": "100000/h", "LIMIT_LOGIN": "100000/m"}
    try:
        wait_for(address)
        with Installation() as lontar:
            lontar.start()
            if given.budgets:
                set_budgets(lontar)
            asyncio.run(measure(lontar, address, levels, given.rounds))
    finally:
        provider.terminate()


def set_budgets(lontar: Installation) -> None:
    """Ample ones: what is measured is that every call is held to them."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", BUDGETS]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **lontar.run_env()}, check=True)


def wait_for(address: str) -> None:
    while True:
        try:
            urllib.request.urlopen(f"{address}/stats", timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


async def measure(lontar: Installation, address: str, levels: list[int], rounds: int) -> None:
    people = await asyncio.to_thread(lambda: [Client(lontar.base) for _ in range(max(16, *levels))])
    web = lontar.pid("web")
    await load(people[:16], web)  # the first answer of each process loads the SDK
    print("chats  who     added first token ms p50 / p95   whole  errors  CPU ms an answer")
    for level in levels:
        rows = [await load(people[:level], web) for _ in range(rounds)]
        report(level, "lontar", rows, await stats(address))
        rows = [await bare(address, level) for _ in range(rounds)]
        report(level, "SDK", rows, await stats(address))
        await asyncio.to_thread(reset, address)
    print(f"web processes after all this: {memory(web)} MB")


async def load(people: list[Client], web: int) -> tuple[list[Seen], float]:
    """One round: (what each saw, their processor milliseconds, from send to saved)."""
    sockets = await asyncio.gather(*map(connect, people))
    before = cpu(web)
    delays = [number * RAMP / len(people) for number in range(len(people))]
    seen = await asyncio.gather(*map(ask, sockets, delays))
    used = cpu(web) - before
    await asyncio.gather(*(socket.close() for socket in sockets))
    return seen, used


async def connect(person: Client) -> Any:
    """A session of its own and a socket of its own."""
    session = await asyncio.to_thread(person.call, "POST", "/api/v1/chat/sessions", {})
    url = person.base.replace("http", "ws") + f"/ws/chat/{session['id']}/"
    headers = {"Authorization": f"Bearer {person.token}"}
    socket = await websockets.connect(url, additional_headers=headers, compression=None)
    await socket.recv()
    return socket


async def ask(socket: Any, delay: float) -> Seen:
    await asyncio.sleep(delay)
    seen = Seen(mark=uuid.uuid4().hex, sent=time.monotonic())
    await socket.send(json.dumps({"type": "message", "message": f"Count. mark:{seen.mark}"}))
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "stream_chunk":
            seen.first = seen.first or time.monotonic()
            seen.text += event["content"]
        elif event["type"] == "error":
            seen.error = event["code"]
        elif event["type"] == "message_saved":
            if event["message"]["content"] != seen.text.strip():
                seen.error = seen.error or "saved text differs"
            return seen
    seen.error = "closed"
    return seen


async def bare(address: str, level: int) -> tuple[list[Seen], float]:
    before = time.process_time()
    seen = await asyncio.gather(*(plain(address, n * RAMP / level) for n in range(level)))
    return seen, (time.process_time() - before) * 1000


async def plain(address: str, delay: float) -> Seen:
    client = openai.AsyncOpenAI(api_key="any", base_url=f"{address}/v1", max_retries=0)
    await asyncio.sleep(delay)
    seen = Seen(mark=uuid.uuid4().hex, sent=time.monotonic())
    messages: Any = [{"role": "user", "content": f"Count. mark:{seen.mark}"}]
    async with client:
        stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                seen.first = seen.first or time.monotonic()
                seen.text += chunk.choices[0].delta.content
    return seen


async def stats(address: str) -> dict[str, Any]:
    def read() -> Any:
        with urllib.request.urlopen(f"{address}/stats") as response:
            return json.load(response)

    found: dict[str, Any] = await asyncio.to_thread(read)
    return dict(found.get("marks", found))


def reset(address: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{address}/reset", method="POST")).close()


def report(
    level: int, who: str, rounds: list[tuple[list[Seen], float]], clock: dict[str, Any]
) -> None:
    seen = [one for round_, _ in rounds for one in round_]
    used = sum(milliseconds for _, milliseconds in rounds) / len(seen)
    added, whole = [], 0
    for one in seen:
        rows = clock.get(one.mark) or []
        if one.error or not one.first or not rows:
            continue
        whole += rows[-1]["tokens"] == TOKENS
        provider = rows[0]["first"] - rows[0]["received"]
        added.append(((one.first - one.sent) - provider) * 1000)
    added.sort()
    p50 = statistics.median(added) if added else float("nan")
    p95 = added[int(len(added) * 0.95)] if added else float("nan")
    errors = len(seen) - len(added)
    print(
        f"{level:5}  {who:6}  {p50:13.1f} / {p95:<10.1f}  {whole:5}/{len(seen):<5} {errors:5}"
        f"  {used:9.1f}",
        flush=True,
    )


def cpu(web: int) -> float:
    """Milliseconds of processor time the web processes have used."""
    ticks = 0
    for pid in session_members(web):
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def memory(web: int) -> int:
    """Megabytes of the web processes together, what they share counted once (PSS)."""
    total = 0
    for pid in session_members(web):
        with open(f"/proc/{pid}/smaps_rollup") as file:
            line = next(line for line in file if line.startswith("Pss:"))
        total += int(line.split()[1])
    return total // 1024


if __name__ == "__main__":
    main()
