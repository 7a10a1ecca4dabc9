"""Why an address could not be fetched: codes for programs, sentences for administrators."""

from typing import Any

from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Any] = {
    "bad_url": _(
        "This is not an address of a web page. Give one that begins with https:// or http://, "
        "without a name or password in it."
    ),
    "bad_port": _(
        "Lontar fetches from the usual ports of web servers only. Ask for another one to be "
        "allowed in WEB_SOURCES_ALLOW."
    ),
    "private": _(
        "This address leads to a private or local network, which Lontar does not fetch from. If it "
        "is a server of yours, have its name put into WEB_SOURCES_ALLOW."
    ),
    "dns": _("There is no such server, or its name could not be looked up. Check the address."),
    "refused": _("The server did not let Lontar connect. Check that the site is up."),
    "tls": _(
        "The secure connection failed: the site's certificate is not valid for this name. Check "
        "the address, or tell whoever runs the site."
    ),
    "timeout": _("The server took too long to answer. Lontar tries again later."),
    "broken": _("The server's answer was cut off or garbled. Lontar tries again later."),
    "forbidden": _(
        "The site does not show this page to Lontar (it asks for a login, or refuses programs). "
        "Download the page and upload the file instead."
    ),
    "robots": _(
        "The site asks programs not to read this page (robots.txt). Ask its owner, or upload "
        "the page as a file."
    ),
    "gone": _("The page is not there (404 or 410). Check the address."),
    "busy": _("The site asks Lontar to come back later. Lontar tries again by itself."),
    "server": _("The site has trouble of its own (error 500 and above). Lontar tries again later."),
    "status": _("The server gave an answer that is no page. Check the address in a browser."),
    "redirects": _(
        "The address leads on and on, or from a secure page to an insecure one. Give the address "
        "where the page really is."
    ),
    "too_large": _(
        "The page is larger than Lontar fetches. Download it and upload it as a file, or have "
        "WEB_SOURCES_MAX_MB raised."
    ),
    "wrong_type": _(
        "What is at this address is no page and no document that Lontar reads. Give the address "
        "of a web page or of a PDF."
    ),
    "empty": _(
        "The page has no text in it. Pages that are built by a program in the browser look "
        "so; download such a page and upload the file."
    ),
    "sitemap": _("This is not a sitemap, or it lists no page of the same site."),
    "same_page": _("Another source of this collection reads this page already."),
    "collection": _("The collection of this source is full or gone. Choose another one."),
    "disk": _(
        "The disk is full, so the page could not be kept. Make room on the server; Lontar tries "
        "again later."
    ),
    "internal": _("Something went wrong on our side. The log of the worker says more."),
}
# Another try may succeed without anybody doing anything.
PASSING = {"dns", "refused", "timeout", "broken", "busy", "server", "disk", "internal"}


class FetchFailed(Exception):
    """`code` is one of SENTENCES, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def sentence(code: str) -> str:
    """The translated sentence for a code, an empty string for no code."""
    return str(SENTENCES.get(code, SENTENCES["internal"])) if code else ""
