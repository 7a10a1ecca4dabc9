"""The whole of Lontar without the installing: `python -m launch.tests.app`."""

import sys

from launch.console import Problem
from launch.options import read_options
from launch.process import Make
from launch.run import check_can_start, run

if __name__ == "__main__":
    try:
        check_can_start(read_options())
        sys.exit(run(read_options(), Make()))
    except Problem as problem:
        sys.exit(f"lontar: {problem}")
