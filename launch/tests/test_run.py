"""The whole program as a newcomer meets it: started, wounded, stopped, started again."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from launch.home import free_port
from launch.options import ROOT
from launch.process import kill_session, session_members

pytestmark = pytest.mark.slow
PARTS = ("postgres", "redis", "web", "worker")
PATIENCE = 180.0  # seconds; only what hangs takes so long
MOMENT = threading.Event()  # never set: waiting for it is giving others the processor


class Lontar:
    """One installation in a folder of its own; started and stopped as often as a test likes."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.out = home, free_port(), home.parent / "console.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **names: str) -> None:
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HOME")}
        env = {**kept, "LONTAR_HOME": str(self.home), "PORT": str(self.port), **names}
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launch.tests.app"],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def get(self, path: str) -> tuple[int, dict]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as got:
                return got.status, json.loads(got.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "{}")
        except OSError:
            return 0, {}

    def until(self, what: Callable[[], object], name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert self.process and self.process.poll() is None, self.console()
            assert time.monotonic() < deadline, f"{name} did not happen:\n{self.console()}"
            MOMENT.wait(0.1)

    def until_healthy(self) -> None:
        self.until(lambda: self.get("/health")[0] == 200, "health")

    def until_worker(self) -> None:
        self.until(lambda: self.get("/health")[1].get("workers", {}).get("count"), "a worker")

    def console(self) -> str:
        return self.out.read_text()

    def pids(self) -> dict[str, int]:
        files = {name: self.home / "run" / f"{name}.pid" for name in PARTS}
        return {name: json.loads(file.read_text())["pid"] for name, file in files.items()}

    def database_url(self) -> str:
        return re.findall(r"DATABASE_URL=(.*)", (self.home / "run.env").read_text())[0]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def lontar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lontar]:
    app = Lontar(tmp_path_factory.mktemp("lontar") / "home")
    app.start(SUPERADMIN_EMAIL="first@lontar.test")
    app.until_healthy()
    yield app
    if app.process and app.process.poll() is None:
        app.stop()


def test_the_first_start_prints_the_address_and_the_first_login(lontar: Lontar):
    lontar.until(lambda: "is ready" in lontar.console(), "the address")
    assert f"http://127.0.0.1:{lontar.port}" in lontar.console()
    assert re.search(r"first@lontar\.test.*password \S+", lontar.console())
    password = re.findall(r"password (\S+)", lontar.console())[0]
    kept = [file for file in lontar.home.rglob("*") if file.is_file() and file.suffix != ".port"]
    assert not any(password.encode() in file.read_bytes() for file in kept)


def test_health_tells_each_part_and_ready_says_yes(lontar: Lontar):
    lontar.until_worker()
    code, found = lontar.get("/health")
    assert code == 200 and found["status"] == "healthy"
    assert set(found) > {"database", "redis", "workers", "providers", "disk", "memory"}
    assert found["database"]["pgvector"]
    assert lontar.get("/ready") == (200, {"status": "ready"})


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back_and_the_others_stay(lontar: Lontar, part: str):
    before = lontar.pids()
    os.kill(before[part], signal.SIGKILL)
    said = f"{part} ended (killed by SIGKILL)"
    lontar.until(lambda: said in lontar.console(), "the line that says so")
    lontar.until(lambda: lontar.pids()[part] != before[part], "the restart")
    lontar.until_healthy()
    after = lontar.pids()
    assert {name for name in PARTS if before[name] != after[name]} == {part}


def test_a_second_start_beside_it_is_a_sentence(lontar: Lontar):
    second = Lontar(lontar.home)
    second.out = lontar.home.parent / "second.txt"
    second.start()
    assert second.process and second.process.wait(PATIENCE) == 1
    assert "already running" in second.console()


def test_a_taken_port_is_named_with_what_to_do(lontar: Lontar, tmp_path: Path):
    other = Lontar(tmp_path / "home")
    other.port = lontar.port
    other.start()
    assert other.process and other.process.wait(PATIENCE) == 1
    assert f"Port {lontar.port}" in other.console()
    assert "PORT=" in other.console()


def test_after_a_kill_of_everything_the_next_start_finds_the_data(lontar: Lontar):
    with psycopg.connect(lontar.database_url()) as connection:
        connection.execute("CREATE TABLE kept_by_test AS SELECT 42 AS answer")
    assert lontar.process
    sessions = list(lontar.pids().values())
    lontar.process.kill()
    lontar.process.wait()
    for session in sessions:
        kill_session(session)
    lontar.start()
    lontar.until_healthy()
    with psycopg.connect(lontar.database_url()) as connection:
        assert connection.execute("TABLE kept_by_test").fetchone() == (42,)
    assert lontar.console().count("password") == 1, "the first login is printed only once"


def test_ctrl_c_leaves_nothing_running_and_is_no_error(lontar: Lontar):
    sessions = list(lontar.pids().values())
    assert lontar.stop(signal.SIGINT) == 0
    assert not any(session_members(session) for session in sessions)
    assert lontar.get("/health") == (0, {})
