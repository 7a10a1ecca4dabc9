"""Who a row belongs to while a process works on it, and whether that process still lives."""

import functools
import os
import socket
from pathlib import Path


def _started(pid: int) -> str:
    """Start time of a process in clock ticks since boot: tells a reused pid from the old one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rsplit(")", 1)[1].split()[19]


def owner() -> str:
    """This process as `host:pid:start`."""
    return _owner(os.getpid())


@functools.cache
def _owner(pid: int) -> str:
    return f"{socket.gethostname()[:60]}:{pid}:{_started(pid)}"


def is_gone(name: str) -> bool:
    """True when `name` is surely a dead process; one on another host is never known to be dead."""
    host, pid, started = name.rsplit(":", 2)
    if host != socket.gethostname()[:60] or not Path("/proc/self/stat").exists():
        return False
    return _started(int(pid)) != started
