"""The list of sources under an answer, for programs that show nothing but its text."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from documents import places
from rag.sources import Source

RULE = "\n\n---\n"
LINE = r"- \[\d{1,3}\] [^\n]*"
LIST = re.compile(rf"\n\n---\n[^\n\[]{{1,40}}\n\n{LINE}(?:\n{LINE})*\s*$")
SPECIAL = re.compile(r"([\\`*\[\]<])")


def source_list(sources: Sequence[Source], cited: Sequence[int]) -> str:
    """Those that are cited, each with its page, as Markdown; "" where none is."""
    lines = [_line(source) for source in sources if source.number in cited]
    return RULE + _("Sources:") + "\n\n" + "\n".join(lines) if lines else ""


def without_list(answer: str) -> str:
    """An answer that comes back in a conversation, as it was written."""
    return LIST.sub("", answer)


def _line(source: Source) -> str:
    hit = source.hit
    place = places.words(hit.page_unit, hit.page, hit.page_label)
    # People name files, and may name them like a link.
    name = SPECIAL.sub(r"\\\1", " ".join(hit.filename.split()))
    return f"- [{source.number}] " + ", ".join(filter(None, [name, place]))
