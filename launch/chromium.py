"""The browser for the browser tests: the distribution's Chromium, never a download of our own."""

import os
import shutil
import subprocess
from pathlib import Path

from launch.console import say

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGES = ["chromium", "fonts-liberation"]


def find_chromium() -> Path | None:
    """The browser's program: CHROMIUM when it is set, else the first one on the PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else None


def ensure_chromium() -> None:
    """Install Debian's Chromium where we may; otherwise say how, and go on without it."""
    if find_chromium():
        return
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        say("installing Chromium for the browser tests")
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            subprocess.run([apt, "-q", *words], env=env, capture_output=True)
        if find_chromium():
            return
    say(
        "the browser tests are skipped: no Chromium here. Install it (Debian, Ubuntu: "
        "sudo apt install chromium) or set CHROMIUM to the browser's program."
    )
