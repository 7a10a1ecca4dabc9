"""Binding marks to the passage where the words truly stand.

Models quote page 7 and write the mark of page 6. Where the quotation before a mark is not in the
passage of the mark, and stands word for word on exactly one other page among the passages handed
over, the mark becomes that passage's.
"""

import re
from collections.abc import Sequence

from rag.passages import QUOTATION, SENTENCE_END
from rag.quotes import find_exact
from rag.sources import Source

BLOCK = re.compile(r"\s*>")


def bound(sources: Sequence[Source], numbers: Sequence[int], before: str) -> list[int]:
    """The numbers to show for marks that follow the text `before` on their line."""
    known = [number for number in numbers if 1 <= number <= len(sources)]
    quotation = _last_quotation(before)
    if not known or quotation is None:
        return known
    if any(_holds(sources[number - 1], quotation) for number in known):
        return known
    true = _only_place(sources, quotation)
    if true is None or _same_page(true, [sources[number - 1] for number in known]):
        return known
    # One mark was wrong; of several, the others may stand for the words around the quotation.
    return [true.number] if len(known) == 1 else list(dict.fromkeys([true.number, *known]))


def _last_quotation(before: str) -> str | None:
    if BLOCK.match(before) and not QUOTATION.search(before):
        return before.strip(" >")
    found = list(QUOTATION.finditer(before))
    if not found or SENTENCE_END.search(before[found[-1].end() :]):
        return None
    return found[-1].group(1)


def _holds(source: Source, quotation: str) -> bool:
    return find_exact(source.context, quotation) is not None


def _only_place(sources: Sequence[Source], quotation: str) -> Source | None:
    """The best source of the one page that holds the quotation; None for no page or several."""
    found = [source for source in sources if _holds(source, quotation)]
    if len({(source.hit.document_id, source.hit.page) for source in found}) != 1:
        return None
    inside = [source for source in found if find_exact(source.hit.text, quotation)]
    return (inside or found)[0]


def _same_page(one: Source, others: Sequence[Source]) -> bool:
    place = (one.hit.document_id, one.hit.page)
    return any((other.hit.document_id, other.hit.page) == place for other in others)
