"""Throwaway PostgreSQL and Redis for a test run; gone with the process that asked for them."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from launch.console import Problem
from launch.home import Home
from launch.process import kill_session, signal_quietly, spawn
from launch.servers import postgres_part, redis_part
from launch.supervisor import Part


def start_servers() -> tuple[str, str, Callable[[], None]]:
    """(DATABASE_URL, REDIS_URL, a function that stops both and removes their files)."""
    folder = Path(tempfile.mkdtemp(prefix="lontar-test-"))
    home = Home(folder)
    home.create()
    running = []
    urls = []
    for make in (postgres_part, redis_part):
        part, url = make(home, throwaway=True)
        urls.append(url)
        running.append((part, start(part, home)))

    def stop() -> None:
        for part, pid in running:
            signal_quietly(pid, part.stop)
        for _, pid in running:
            kill_session(pid)
        shutil.rmtree(folder, ignore_errors=True)

    return urls[0], urls[1], stop


def start(part: Part, home: Home) -> int:
    """Start one part and wait until it answers; its pid."""
    with open(home.log(part.name), "ab") as log:
        child = spawn(
            part.command(),
            env=part.env,
            cwd=part.cwd,
            log=log,
            owner=part.owner,
            stdin=part.stdin() if part.stdin else None,
            death=part.stop,
        )
    part.process = child
    deadline = time.monotonic() + 60
    while not part.ready():
        if child.poll() is not None or time.monotonic() > deadline:
            raise Problem(f"{part.name} did not start: {home.log(part.name).read_text()[-800:]}")
        time.sleep(0.02)
    return child.pid
