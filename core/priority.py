"""Working in the background: the processors belong to those who wait for a page."""

import contextlib
import os
import sys
from pathlib import Path

# With 4 busy programs beside it a file takes 2.3 times as long at 10 and 5; see docs/ingestion.md.
WORKER, READER = 5, 3


def step_back(niceness: int) -> None:
    """Make this process, and its session, give way to all others.

    Linux shares the processors between sessions first (sched_autogroup): a process that leads one
    of its own, as ours do, gives nothing away by `nice` alone (see sched(7)).
    """
    with contextlib.suppress(OSError):
        os.nice(max(0, niceness - os.nice(0)))
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))
