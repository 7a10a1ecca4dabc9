"""What decides whether packages are installed again."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from launch import install
from launch.__main__ import keep_bytecode
from launch.command import SCRIPT
from launch.console import Problem


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with requirement files and a virtual environment that counts its installs."""
    venv = tmp_path / ".venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text("version = 3.11.7\n")
    for name in install.DEV:
        (tmp_path / name).write_text("django\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", venv)
    monkeypatch.setattr(install, "STAMP", venv / "installed.json")
    monkeypatch.setattr(install, "_in_venv", lambda: True)
    monkeypatch.setattr(install, "_ensure_python", lambda: None)
    return tmp_path


@pytest.fixture
def installs(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(install, "_install", done.append)
    return done


def test_it_installs_once_and_again_when_a_file_or_the_python_changed(root, installs):
    install.ensure_installed(install.RUN)
    install.ensure_installed(install.RUN)
    assert len(installs) == 1
    (root / "requirements.txt").write_text("django==5\n")
    install.ensure_installed(install.RUN)
    (root / ".venv" / "pyvenv.cfg").write_text("version = 3.12.1\n")
    install.ensure_installed(install.RUN)
    assert len(installs) == 3


def test_the_tools_for_tests_come_on_top_and_do_not_disturb_a_run(root, installs):
    install.ensure_installed(install.RUN)
    install.ensure_installed(install.DEV)
    install.ensure_installed(install.RUN)
    assert installs == [install.RUN, install.DEV]


def test_an_interrupted_install_leaves_no_stamp(root, installs, monkeypatch):
    install.ensure_installed(install.RUN)

    def interrupted(_files):
        raise KeyboardInterrupt

    (root / "requirements.txt").write_text("changed\n")
    monkeypatch.setattr(install, "_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install.ensure_installed(install.RUN)
    assert not install.STAMP.exists()


def test_pip_takes_over_when_uv_fails_and_its_words_are_shown_when_it_fails_too(root, monkeypatch):
    monkeypatch.setattr(install, "_install_with_uv", lambda *_: False)
    said: list[list[str]] = []

    def run(words, environment=None):
        said.append([str(word) for word in words])
        return "no route to host" if "--require-hashes" in said[-1] else None

    monkeypatch.setattr(install, "_run", run)
    with pytest.raises(Problem, match=r"(?s)internet connection.*no route to host"):
        install.ensure_installed(install.RUN)
    assert len(said) == 2 and not install.STAMP.exists()


def test_every_embedded_wheel_is_pinned_by_its_hash():
    text = (Path(__file__).parents[2] / install.EMBEDDED).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == 3
    assert all("==" in line and "--hash=sha256:" in line for line in lines)


def test_the_stamp_names_each_file_with_its_digest(root, installs):
    install.ensure_installed(install.RUN)
    config = (root / ".venv" / "pyvenv.cfg").read_bytes()
    expected = hashlib.sha256((root / "requirements.txt").read_bytes() + config).hexdigest()
    assert json.loads(install.STAMP.read_text())["requirements.txt"] == expected


def test_the_terminal_client_is_on_the_path_and_put_there_once(root, installs):
    install.ensure_installed(install.RUN)
    command = root / ".venv" / "bin" / "lontar"
    written = command.stat().st_mtime_ns
    install.ensure_installed(install.RUN)
    assert command.stat().st_mtime_ns == written
    command.write_text("of an earlier version")
    install.ensure_installed(install.RUN)
    assert command.read_text() == SCRIPT and os.access(command, os.X_OK)


def test_the_terminal_client_runs_from_anywhere(root, installs, tmp_path_factory):
    install.ensure_installed(install.RUN)
    (root / "terminal").symlink_to(Path(__file__).parents[2] / "terminal")
    python = root / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "lontar").symlink_to(root / ".venv" / "bin" / "lontar")
    ran = subprocess.run(
        [elsewhere / "lontar", "ask", "hi"],
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"], "LONTAR_CONFIG": str(elsewhere), "LANG": "id_ID.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == "Anda belum masuk. Gunakan: lontar login\n"


def test_bytecode_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    keep_bytecode()
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
