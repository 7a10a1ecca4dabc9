"""What was typed onto a page: fields of forms and free text.

PDFium keeps them apart from a page's words. Once they are flattened they are words of the page, at
the place where people see them; hidden ones and comments stay out.
"""

from typing import Any

NO_VIEW = 1 << 5  # ISO 32000-1, 12.5.3: on paper only
# A page of a hostile file may have millions.
MOST = 2_000


def load(raw: Any, document: Any, index: int) -> Any:
    """A page with what was typed onto it, by FPDF_LoadPage; a null handle where there is none."""
    page = raw.FPDF_LoadPage(document, index)
    if not page or not _is_typed_on(raw, page):
        return page
    flattened = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
    if flattened != raw.FLATTEN_SUCCESS:
        return page
    raw.FPDF_ClosePage(page)
    return raw.FPDF_LoadPage(document, index)


def _is_typed_on(raw: Any, page: Any) -> bool:
    """What is not shown is hidden from PDFium, too: nobody sees it, but a model would read it."""
    kinds = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT)
    found = False
    for number in range(min(MOST, raw.FPDFPage_GetAnnotCount(page))):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        found = found or raw.FPDFAnnot_GetSubtype(annotation) in kinds
        flags = raw.FPDFAnnot_GetFlags(annotation)
        if flags & NO_VIEW:
            raw.FPDFAnnot_SetFlags(annotation, flags | raw.FPDF_ANNOT_FLAG_HIDDEN)
        raw.FPDFPage_CloseAnnot(annotation)
    return found
