"""The supervisor as a program of its own: it takes the signals of its process."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launch.options import ROOT
from launch.process import kill_session, session_members, started_at
from tests.patience import PATIENCE


def _hears_hangups() -> None:
    """Also when the tests were started with nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Toy:
    """A running `launch.tests.toy`, its lines as they come."""

    def __init__(self, home: Path, mode: str = "plain") -> None:
        self.home, self.lines = home, []
        argv = [sys.executable, "-m", "launch.tests.toy", str(home), mode]
        self.process = subprocess.Popen(
            argv, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=_hears_hangups,  # noqa: PLW1509  no thread of ours is about
        )  # fmt: skip

    def read_until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
        pytest.fail(f"{pattern!r} did not come:\n{''.join(self.lines)}")

    def pid(self, part: str) -> int:
        return int(json.loads((self.home / "run" / f"{part}.pid").read_text())["pid"])

    def both_started(self) -> tuple[int, int]:
        self.read_until("all started")
        for _ in range(2):
            self.read_until("WARNING child")
        return self.pid("web"), self.pid("redis")


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Callable[..., Toy]]:
    made: list[Toy] = []

    def make(mode: str = "plain") -> Toy:
        made.append(Toy(tmp_path / "home", mode))
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.wait()


def gone(session: int) -> bool:
    """Nothing of a session is left; the kernel may need a moment."""
    deadline = time.monotonic() + PATIENCE
    while (left := session_members(session)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not left


def test_a_killed_part_is_started_again_and_the_rest_goes_on(toy):
    running = toy()
    web, redis = running.both_started()
    os.kill(web, signal.SIGKILL)
    running.read_until(r"web ended \(killed by SIGKILL\); it is started again now")
    running.read_until("WARNING child")
    assert gone(web), "the child of the killed part must go with it"
    assert running.pid("web") != web
    assert running.pid("redis") == redis and started_at(redis)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(toy, how):
    running = toy()
    sessions = running.both_started()
    running.process.send_signal(how)
    assert running.process.wait(PATIENCE) == 0
    assert all(gone(session) for session in sessions)
    assert not list((running.home / "run").glob("*.pid"))


def test_a_part_deaf_to_sigterm_is_killed_after_its_grace(toy):
    running = toy("deaf")
    web, _ = running.both_started()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE) == 0
    assert gone(web)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_nothing_outlives_a_killed_supervisor_or_blocks_the_next_start(toy):
    first = toy("deaf")
    web, redis = first.both_started()
    first.process.kill()
    first.process.wait()
    assert started_at(web), "deaf to the kernel's signal too"
    second = toy()
    second.both_started()
    assert gone(web) and started_at(redis) is None


def test_a_part_that_cannot_start_ends_the_start_with_its_last_words(toy):
    running = toy("broken")
    running.read_until(r"web could not start \(exit code 3\)")
    assert running.process.wait(PATIENCE) == 1


def test_what_a_part_leaves_in_another_session_is_its_own_affair(toy):
    """Only the sessions we made are ended, never processes found by name."""
    other = subprocess.Popen(["sleep", "500"], start_new_session=True)
    running = toy()
    running.both_started()
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(PATIENCE)
    assert other.poll() is None
    kill_session(other.pid)
    other.wait()
