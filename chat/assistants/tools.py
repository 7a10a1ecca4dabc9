"""The tools an assistant may be given, by name."""

from django.utils.translation import gettext_lazy as _

# As chat.tools calls it.
DOCUMENT_SEARCH = "document_search"
KNOWN = {DOCUMENT_SEARCH: _("Search in the course material")}
