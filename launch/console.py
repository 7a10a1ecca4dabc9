"""What the person at the terminal reads."""

import sys


class Problem(Exception):
    """Something the person has to do first; the message is a sentence that says what."""


def say(text: str, part: str = "lontar") -> None:
    """One line on the terminal; a closed terminal is no reason to stop serving."""
    try:
        print(f"{part:>8} | {text}", flush=True)
    except OSError:
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  stays open for the rest of the run
