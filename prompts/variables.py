"""Names in braces that a prompt may hold, and what stands for them in a chat."""

import re
import unicodedata
from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# What each stands for; shown where a prompt is written.
VARIABLES = {
    "student_name": _("the full name of the student"),
    "course": _("the name of the assistant or of the course the chat belongs to"),
    "language": _("the language the student chose for the pages"),
}
# Only a lower-case name right between braces: LaTeX, JSON and code keep theirs.
NAME = re.compile(r"(?<![\\{$])\{([a-z][a-z_]{2,40})\}(?!\})")
LONGEST = 120
STRUCTURE = frozenset('{}<>[]`#*|"\\')


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with the known names replaced; in one pass, so that a value is never read as a name.

    A value is one line of at most 120 characters: a student's name is no place for instructions.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in VARIABLES:
            return match[0]
        return one_line(str(values.get(name, "")))

    return NAME.sub(value, text)


def one_line(value: str) -> str:
    """Without line ends, without characters that show as nothing or turn text around, and without
    the brackets and marks by which a model tells parts of its instructions apart."""
    kinds = [(char, unicodedata.category(char)) for char in value if char not in STRUCTURE]
    plain = "".join(" " if kind[0] in "CZ" else char for char, kind in kinds if kind != "Cf")
    return " ".join(plain.split())[:LONGEST].rstrip()


def used(text: str) -> list[str]:
    """The known names in `text`, each once, in the order of their first place."""
    return [name for name in dict.fromkeys(NAME.findall(text)) if name in VARIABLES]


def unknown(text: str) -> list[str]:
    """Names in braces that nothing stands for: a slip of the pen, or meant as they stand."""
    return [name for name in dict.fromkeys(NAME.findall(text)) if name not in VARIABLES]


def problems(text: str) -> list[str]:
    """A sentence for each unknown name."""
    known = ", ".join(f"{{{name}}}" for name in VARIABLES)
    return [
        gettext(
            "Nothing stands for {%(name)s}: it reaches the model as it is. Known are %(known)s."
        )
        % {"name": name, "known": known}
        for name in unknown(text)
    ]
