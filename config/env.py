"""The one reader of the environment.

Values come from the process environment; what is missing there is looked up in the file `run.env`
that `make run` leaves in LONTAR_HOME, so that `manage.py` works beside a running Lontar without
exporting anything.
"""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("LONTAR_HOME") or BASE_DIR / ".lontar").resolve()

env = environ.Env()
for _file in (BASE_DIR / ".env", HOME / "run.env"):
    if os.access(_file, os.R_OK):
        env.read_env(str(_file), overwrite=False)

# prometheus_client looks for it when it is imported: processes share by files what they count.
COUNTS = HOME / "counts"
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(COUNTS))
COUNTS.mkdir(parents=True, exist_ok=True)


def text(name: str, default: str = "") -> str:
    """A stripped string; an empty value counts as unset."""
    return (env.str(name, default="") or default).strip()


def flag(name: str, default: bool = False) -> bool:
    return bool(env.bool(name, default=default)) if text(name) else default


def number(name: str, default: int) -> int:
    return int(text(name) or default)


def words(name: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [part.strip() for part in text(name).split(",") if part.strip()]
