"""What came from elsewhere, made fit for a terminal.

A document, a model or a file name may hold escape codes that move the cursor, retitle the window,
write to the clipboard or make a line say something else than it does.
"""

import re

# C0 without tab and newline, DEL, C1 (CSI and OSC have one-byte forms there), line separators, and
# the signs that turn the direction of text round (CVE-2021-42574).
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """The text without control characters."""
    return UNSAFE.sub("", text)


def line(text: object) -> str:
    """The same in one line."""
    return clean(" ".join(str(text).split()))
