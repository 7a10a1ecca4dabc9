import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from launch.console import Problem
from launch.home import Home, port_is_free
from launch.process import session_members, started_at
from tests.patience import PATIENCE


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.create()
    return found


def sleeper() -> subprocess.Popen[bytes]:
    """A process in a session of its own that prints when it is really asleep."""
    code = "import time; print(flush=True); time.sleep(600)"
    child = subprocess.Popen(
        [sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE
    )
    assert child.stdout
    child.stdout.readline()
    return child


def test_secrets_are_made_once_and_closed_to_others(home: Home):
    made, new = home.secrets()
    again, made_again = home.secrets()
    assert new and not made_again and made == again
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_a_second_start_is_refused_with_the_folder_and_the_process(home: Home):
    home.lock()
    with pytest.raises(Problem, match=f"already running from {home.path} .process {os.getpid()}"):
        Home(home.path).lock()
    home.unlock()
    Home(home.path).lock()


def test_a_folder_of_somebody_else_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="Set LONTAR_HOME"):
        Home(tmp_path / "file" / "home").create()


def test_a_leftover_is_ended_and_a_stranger_with_its_pid_is_not(home: Home):
    leftover, stranger = sleeper(), sleeper()
    home.remember("worker", leftover.pid)
    home.write("run/web.pid", json.dumps({"pid": stranger.pid, "started": "long ago"}))
    home.end_leftovers()
    assert leftover.wait(PATIENCE) == -signal.SIGTERM
    assert stranger.poll() is None
    assert not list((home.path / "run").glob("*.pid"))
    stranger.kill()
    stranger.wait()


def test_counts_of_earlier_starts_are_removed_and_nothing_else(home: Home):
    home.clear_counts()  # the folder is made by the first that counts
    counts = home.path / "counts"
    counts.mkdir()
    for name in ("counter_1.db", "histogram_77.db", "note.txt"):
        (counts / name).write_bytes(b"")
    home.clear_counts()
    assert [file.name for file in counts.iterdir()] == ["note.txt"]


def test_a_process_is_known_by_its_start_and_its_session():
    child = sleeper()
    assert started_at(child.pid) and started_at(child.pid) != started_at(os.getpid())
    assert session_members(child.pid) == [child.pid]
    child.kill()
    child.wait()
    assert started_at(child.pid) is None


def test_a_port_is_kept_until_somebody_takes_it(home: Home):
    port = home.port("redis")
    assert home.port("redis") == port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert not port_is_free("127.0.0.1", port)
        assert home.port("redis") != port
