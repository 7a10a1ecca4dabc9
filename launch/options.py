"""What the environment and `.env` say about starting: address, folder, servers of one's own."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launch.console import Problem

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"""^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$""")


@dataclass(frozen=True)
class Options:
    environment: Mapping[str, str]
    host: str
    port: int
    home: Path

    def get(self, name: str) -> str:
        return self.environment.get(name, "").strip()

    @property
    def address(self) -> str:
        """What to type into the browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"http://{host}:{self.port}"


def read_options(environment: Mapping[str, str] = os.environ, root: Path = ROOT) -> Options:
    """The process environment; what is not set there comes from `.env`."""
    found = {**read_env_file(root / ".env"), **{k: v for k, v in environment.items() if v}}
    port = found.get("PORT", "8000").strip()
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Problem(f"PORT is {port!r}, but it has to be a number from 1 to 65535.")
    home = Path(found.get("LONTAR_HOME") or ".lontar").expanduser()
    host = found.get("HOST", "127.0.0.1").strip()
    return Options(found, host, int(port), (root / home).resolve())


def read_env_file(file: Path) -> dict[str, str]:
    """NAME=value lines; quotes around a value are taken off, `#` starts a comment."""
    if not os.access(file, os.R_OK):
        return {}
    values = {}
    for line in file.read_text().splitlines():
        match = LINE.match(line)
        if not match:
            continue
        name, value = match.groups()
        if value[:1] in ("'", '"') and value.rfind(value[0]) > 0:
            value = value[1 : value.rfind(value[0])]
        else:
            value = re.sub(r"(^|\s+)#.*$", "", value)
        if value:
            values[name] = value
    return values
