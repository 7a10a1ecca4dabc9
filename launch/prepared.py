"""Whether anything changed that `prepare` would act on: a start without it is faster."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from launch.home import Home
from launch.install import fingerprint
from launch.options import ROOT

NAMES = (
    *("SUPERADMIN_EMAIL", "SUPERADMIN_PASSWORD", "EMBEDDING_MODEL", "HF_TOKEN", "HF_BASE_URL"),
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    *("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "OLLAMA_BASE_URL"),
    *("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", "DEBUG"),
)
WITHOUT_EFFECT = {"tests", "bench", "docs", "deploy", "node_modules", "__pycache__"}


def state_of(environment: Mapping[str, str], home: Home) -> str:
    """A digest of the code, the static files, the packages, the keys and the cluster."""
    digest = hashlib.sha256(fingerprint().encode())
    for name in NAMES:
        digest.update(f"{name}={environment.get(name, '')}\0".encode())
    digest.update(_cluster(home.path / "postgres"))
    for file in _files(ROOT):
        digest.update(f"{file.relative_to(ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _cluster(folder: Path) -> bytes:
    """The cluster's own random number: first eight bytes of pg_control (catalog/pg_control.h)."""
    with open(folder / "global" / "pg_control", "rb") as control:
        return control.read(8)


def _files(root: Path) -> list[Path]:
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in WITHOUT_EFFECT
        )
        inside_static = "static" in Path(folder).relative_to(root).parts
        found += [Path(folder, n) for n in sorted(files) if inside_static or n.endswith(".py")]
    return found
