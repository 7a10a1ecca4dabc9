"""`python terminal` and `python -m terminal`; `.venv/bin/lontar` does the former."""

import sys
from pathlib import Path

# Run as a folder, that folder is on the path: its modules would stand in for others of their name.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from terminal.main import main  # noqa: E402  the path has to be set first

sys.exit(main())
