"""`python -m launch VERB`: run, test, setup (packages only), python ARGUMENTS (in the venv)."""

import os
import sys

from launch.chromium import ensure_chromium
from launch.console import Problem
from launch.install import DEV, PYTHON, RUN, continue_in_venv, ensure_installed
from launch.options import ROOT, read_options
from launch.process import Make
from launch.run import check_can_start, run


def main(arguments: list[str]) -> int:
    verb, rest = (arguments or ["run"])[0], arguments[1:]
    os.chdir(ROOT)
    keep_bytecode()
    if verb == "run":
        check_can_start(read_options())
        ensure_installed(RUN)
        continue_in_venv(arguments)
        return run(read_options(), Make())
    if verb == "setup":
        ensure_installed(DEV if "dev" in rest else RUN)
        return 0
    if verb == "python":
        ensure_installed(DEV)
        os.execv(PYTHON, [str(PYTHON), *rest])
    if verb == "test":
        ensure_installed(DEV)
        ensure_chromium()
        os.execv(PYTHON, [str(PYTHON), "-m", "pytest", *rest])
    print(f"{verb}? The verbs are run, test, setup and python.", file=sys.stderr)
    return 2


def keep_bytecode() -> None:
    """Without bytecode each of our many short processes compiles everything anew.

    It lies beside the sources, where also those look that are started with next to no environment.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(f"lontar: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
