"""`lontar`, the terminal client, on the path of the virtual environment."""

import contextlib
from pathlib import Path

# Finds the environment and the clone by where it lies itself: a clone that is moved takes it along.
SCRIPT = """\
#!/bin/sh
# Written by launch/command.py: asks a running Lontar from a terminal (docs/terminal.md).
here=$(dirname "$(readlink -f "$0")")
exec "$here/python" "$here/../../terminal" "$@"
"""


def put_command(venv: Path) -> None:
    """Write `bin/lontar` unless it is there; an environment of somebody else's is left as it is."""
    path = venv / "bin" / "lontar"
    with contextlib.suppress(OSError):
        if path.exists() and path.read_text() == SCRIPT:
            return
        path.parent.mkdir(exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(SCRIPT)
        new.chmod(0o755)
        new.replace(path)
