"""Logins of others (Google, Microsoft, any OpenID Connect) as the environment names them."""

from collections.abc import Callable
from typing import Any


def providers(text: Callable[[str, str], str]) -> dict[str, dict[str, Any]]:
    """SOCIALACCOUNT_PROVIDERS of the login library; `text(name, default)` reads a setting.

    EMAIL_AUTHENTICATION: an address the provider has verified leads into the account that has it
    (accounts/social.py says whose). Not for Microsoft, where whoever runs a tenant writes what
    addresses they like.
    """
    google = _app(text("GOOGLE_CLIENT_ID", ""), text("GOOGLE_CLIENT_SECRET", ""))
    microsoft = _app(text("MICROSOFT_CLIENT_ID", ""), text("MICROSOFT_CLIENT_SECRET", ""))
    oidc = _app(text("OIDC_CLIENT_ID", ""), text("OIDC_CLIENT_SECRET", ""))
    for app in microsoft:
        app["settings"] = {"tenant": text("MICROSOFT_TENANT", "organizations")}
    for app in oidc:
        app |= {"provider_id": "oidc", "name": text("OIDC_NAME", "OpenID Connect")}
        app["settings"] = {"server_url": text("OIDC_SERVER_URL", "")}
    return {
        "google": {"APPS": google, "SCOPE": ["profile", "email"], "EMAIL_AUTHENTICATION": True},
        "microsoft": {"APPS": microsoft},
        "openid_connect": {"APPS": oidc, "EMAIL_AUTHENTICATION": True, "OAUTH_PKCE_ENABLED": True},
    }


def _app(client_id: str, secret: str) -> list[dict[str, Any]]:
    return [{"client_id": client_id, "secret": secret}] if client_id else []
