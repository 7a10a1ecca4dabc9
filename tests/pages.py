"""Which of the addresses are pages that people see.

Everything Django routes is a page until it stands in NO_PAGES with its reason, so that a new page
is looked at by tests/browser/test_everybody.py without anybody having thought of it.
"""

from tests.routes import routes

NO_PAGES = {
    "health": "JSON for what watches the machine",
    "ready": "JSON for what sends traffic here",
    "metrics": "text for Prometheus",
    "api/schema": "the document the reference pages show",
    "s/<str:token>/pictures/<uuid:picture_id>/": "a picture",
    "preferences/": "takes a form and leads back",
    "account/profile/": "takes a form; wrong, it shows account/",
    "account/keys/": "takes a form, and shows account/",
    "account/keys/revoke/": "takes a form and leads back",
    "account/sessions/end/": "takes a form and leads back",
    "accounts/2fa/recovery-codes/download/": "a file",
    "accounts/2fa/webauthn/reauthenticate/": "takes a form",
    "accounts/2fa/webauthn/login/": "JSON for the login page's script",
    "accounts/google/login/callback/": "leads on, or to accounts/3rdparty/login/error/",
    "accounts/google/login/token/": "takes a form",
    "accounts/microsoft/login/callback/": "as Google's",
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/": "as Google's",
    "admin/autocomplete/": "JSON for select boxes",
    "admin/jsi18n/": "a script",
    "admin/login/": "leads to accounts/login/",
    "admin/logout/": "leads to the start",
    "admin/(?P<url>.*)$": "leads to the address with its slash",
    "admin/r/<path:content_type_id>/<path:object_id>/": "leads to the object's page",
    "admin/accounts/group/<uuid:group_id>/roster/export/": "a CSV file",
    "admin/documents/knowledgeentry/export/": "a CSV file",
    "admin/rag/evaluationrun/<uuid:run_id>/results.csv": "a CSV file",
}
OBJECT = "<path:object_id>/"


def pages(*prefixes: str) -> list[str]:
    """The routes of pages below these prefixes (all of them by default), in their order."""
    paths = dict.fromkeys(route.path for route in routes())
    return [
        path
        for path in paths
        if path.startswith(prefixes or "")
        and not path.startswith(("api/v1/", "v1/"))
        and path not in NO_PAGES
        and not path.endswith(f"/{OBJECT}")  # leads to the page where it is changed
    ]
