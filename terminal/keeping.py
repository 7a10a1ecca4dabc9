"""Where the login is kept: one file that only its owner can read."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from terminal.trouble import Trouble
from terminal.words import say


@dataclass
class Login:
    """Tokens of a password login, or a personal API key."""

    address: str
    email: str = ""
    access: str = ""
    refresh: str = ""
    key: str = ""


def folder() -> Path:
    """LONTAR_CONFIG, or `lontar` where the system keeps settings of people."""
    if given := os.environ.get("LONTAR_CONFIG"):
        return Path(given)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "lontar"


def load() -> Login | None:
    """The kept login; None where there is none. LONTAR_KEY and LONTAR_URL come before it."""
    kept = _read()
    key, address = os.environ.get("LONTAR_KEY", ""), os.environ.get("LONTAR_URL", "")
    if key:
        return Login(address or (kept.address if kept else "http://127.0.0.1:8000"), key=key)
    if kept and address and address.rstrip("/") != kept.address:
        # A token is sent nowhere but where it came from.
        return None
    return kept


def _read() -> Login | None:
    try:
        fields = json.loads((folder() / "login.json").read_text())
        return Login(**{name: str(value) for name, value in fields.items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        path = folder() / "login.json"
        raise Trouble(say("%s cannot be read. Remove it and log in again.") % path) from error


def save(login: Login) -> None:
    """Whole or not at all, and never readable by others, not for a moment."""
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = place / f"login.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(login), file)
    new.replace(place / "login.json")


def forget() -> None:
    (folder() / "login.json").unlink(missing_ok=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One process at a time: a refresh token is good for one use."""
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
