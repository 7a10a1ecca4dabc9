"""A Lontar of its own in a temporary folder: started, measured, stopped."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from launch.home import free_port
from launch.options import ROOT
from launch.process import session_members


class Installation:
    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """With these settings on top of what the environment says."""
        self.environment = dict(environment or {})
        self.folder = tempfile.TemporaryDirectory(prefix="lontar-bench-")
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Installation":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()
        self.folder.cleanup()

    def start(self) -> float:
        """Seconds from the command to the first healthy answer."""
        env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        env |= {"PORT": str(self.port), "HOST": "127.0.0.1", "LONTAR_HOME": self.folder.name}
        env |= {"LIMIT_CHAT": "100000/m", "LIMIT_UPLOAD": "100000/h"}
        env |= self.environment
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [ROOT / "launch" / "start", "run"], cwd=ROOT, env=env, stdout=sys.stderr
        )
        while not self._healthy():
            if self.process.poll() is not None:
                raise RuntimeError("Lontar did not start; what it said stands above")
            time.sleep(0.02)
        return time.perf_counter() - begin

    def stop(self) -> float:
        """Seconds from SIGTERM until all is gone."""
        if self.process is None:
            return 0.0
        begin = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process = None
        return time.perf_counter() - begin

    def memory(self) -> dict[str, int]:
        """MiB of each part's processes together: proportional set size, Linux only."""
        found = {"supervisor": _pss(self.process.pid) if self.process else 0}
        for file in sorted(Path(self.folder.name, "run").glob("*.pid")):
            found[file.stem] = sum(map(_pss, session_members(self.pid(file.stem))))
        return {name: kib // 1024 for name, kib in found.items()}

    def run_env(self) -> dict[str, str]:
        """What programs beside it need to reach the same database, as its owner."""
        lines = Path(self.folder.name, "run.env").read_text().splitlines()
        return {"LONTAR_HOME": self.folder.name, **dict(line.split("=", 1) for line in lines)}

    def pid(self, part: str) -> int:
        """The process of a part: web, worker, postgresql or redis."""
        text = Path(self.folder.name, "run", f"{part}.pid").read_text()
        return int(json.loads(text)["pid"])

    def _healthy(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"{self.base}/health", timeout=5).status == 200)
        except (urllib.error.HTTPError, OSError):
            return False


@dataclass
class Peak:
    mib: float = 0.0


@contextmanager
def peak_of_tree(pid: int) -> Iterator[Peak]:
    """The most memory a process and its descendants held together: PSS, ten times a second."""
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            peak.mib = max(peak.mib, sum(map(_pss, _tree(pid))) / 1024)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _tree(pid: int) -> list[int]:
    """A process and its descendants, whatever session they are in."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, children.read_text().split())
    return found


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
