"""A supervisor over two toy parts, run as a program: `python -m launch.tests.toy HOME`."""

import sys
from pathlib import Path

from launch.console import Problem, say
from launch.home import Home
from launch.supervisor import Part, Stopped, Supervisor

# A part with a child of its own in its session, deaf to SIGTERM when asked to be.
CODE = """
import signal, subprocess, sys, time
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print("WARNING child", child.pid, flush=True)
time.sleep(1000)
"""


def main(path: str, mode: str) -> int:
    home = Home(Path(path))
    home.create()
    home.lock()
    home.end_leftovers()
    supervisor = Supervisor(home)

    def part(name: str, *words: str) -> Part:
        argv = [sys.executable, "-c", "raise SystemExit(3)" if "broken" in words else CODE, *words]
        return Part(name, lambda: argv, env={}, cwd=Path("/"), grace=1.0)

    try:
        first = supervisor.add(part("web", mode))
        second = supervisor.add(part("redis"))
        if mode == "broken":
            first.ready = lambda: False
        supervisor.wait_ready(second, 60)
        supervisor.wait_ready(first, 60)
        say("all started")
        supervisor.watch()
    except Stopped:
        say("stopping")
    except Problem as problem:
        say(str(problem))
        return 1
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
