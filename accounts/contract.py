"""The doors of this room, as core.contract has them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from accounts import groups_api, keys_api, serializers
from accounts.roster.api import RosterSerializer
from accounts.scopes import Scope
from core.contract import Binary, ListOf, Operation, Parameter


class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int


class NewKey(BaseModel):
    """`key` is shown this once."""

    id: UUID
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    key: str


class Added(BaseModel):
    added: int
    member_count: int


class RosterPerson(BaseModel):
    id: UUID
    email: str
    full_name: str


class RosterRow(BaseModel):
    email: str
    full_name: str


class NewPerson(RosterPerson):
    """`link`: where no mail is sent, the only time it is shown."""

    link: str | None


class RosterRemark(BaseModel):
    line: int
    message: str


class RosterPlan(BaseModel):
    """What a table would do; `fingerprint` says that it was looked at."""

    joining: list[RosterPerson]
    new: list[RosterRow]
    present: list[RosterPerson]
    leaving: list[RosterPerson]
    errors: list[RosterRemark]
    notes: list[RosterRemark]
    fingerprint: str


class RosterOutcome(BaseModel):
    added: int
    removed: int
    created: list[NewPerson]
    errors: list[RosterRemark]


OPEN = {"is_open": True, "is_limited": True}
LOGIN = {"email": "alice@example.org", "password": "seven kinds of palm"}
GROUP = "groups/{group_id}"
ADMINS = "For admins."

OPERATIONS = {
    "POST auth/register": Operation(
        "Make an account",
        {201: serializers.UserSerializer},
        body=serializers.RegisterSerializer,
        errors=(403, 409),
        example={**LOGIN, "full_name": "Alice"},
        **OPEN,
    ),
    "POST auth/login": Operation(
        "Log in",
        Tokens,
        body=serializers.LoginSerializer,
        errors=(401, 403),
        example=LOGIN,
        **OPEN,
    ),
    "POST auth/token": Operation(
        "Log in by the OAuth2 form",
        Tokens,
        body=serializers.PasswordGrantSerializer,
        errors=(401, 403),
        example={"username": LOGIN["email"], "password": LOGIN["password"]},
        note="RFC 6749, section 4.3 (grant_type password) and section 6 (refresh_token).",
        **OPEN,
    ),
    "POST auth/refresh": Operation(
        "Refresh a login",
        Tokens,
        body=serializers.RefreshSerializer,
        errors=(401,),
        example={"refresh_token": "eyJ..."},
        note="The refresh token sent is good no more; sent twice, it ends the login.",
        is_open=True,
    ),
    "POST auth/logout": Operation(
        "Log out",
        body=serializers.LogoutSerializer,
        is_body_optional=True,
        errors=(401, 403),
        example={"refresh_token": "eyJ..."},
        note="Ends what it is called with: the access token's login, the refresh token's, the "
        "session.",
    ),
    "GET auth/me": Operation("Get my account", serializers.MeSerializer),
    "PATCH auth/me": Operation(
        "Change my account",
        serializers.MeSerializer,
        body=serializers.ProfileSerializer,
        is_body_optional=True,
        example={"language": "id"},
    ),
    "GET keys": Operation("List my API keys", ListOf("keys", keys_api.KeySerializer)),
    "POST keys": Operation(
        "Make an API key",
        {201: NewKey},
        body=keys_api.NewKeySerializer,
        errors=(409,),
        note="Not by an API key.",
        example={"name": "My script", "scopes": ["chat"], "expires_in_days": 90},
    ),
    "DELETE keys/{key_id}": Operation("Revoke an API key", note="Not by an API key."),
    "GET groups": Operation(
        "List groups",
        ListOf("groups", groups_api.GroupSerializer),
        query=Parameter("search", {"type": "string"}),
        note=ADMINS,
    ),
    "POST groups": Operation(
        "Make a group",
        {201: groups_api.GroupSerializer},
        body=groups_api.GroupIn,
        errors=(409,),
        note=ADMINS,
        example={"name": "Biology 101"},
    ),
    f"GET {GROUP}": Operation("Get a group", groups_api.GroupSerializer, note=ADMINS),
    f"PATCH {GROUP}": Operation(
        "Change a group",
        groups_api.GroupSerializer,
        body=groups_api.GroupIn,
        errors=(409,),
        note=ADMINS,
        example={"name": "Biology 102"},
    ),
    f"DELETE {GROUP}": Operation("Delete a group", note=ADMINS),
    f"GET {GROUP}/members": Operation(
        "List the members of a group", ListOf("members", serializers.UserSerializer), note=ADMINS
    ),
    f"POST {GROUP}/members": Operation(
        "Add members to a group",
        Added,
        body=groups_api.MembersIn,
        note=ADMINS,
        example={"emails": ["alice@example.org"]},
    ),
    f"POST {GROUP}/members/import": Operation(
        "Import a class list",
        {200: (RosterPlan, RosterOutcome)},
        body=RosterSerializer,
        errors=(409,),
        note=f"{ADMINS} With `preview` nothing is changed; without, the `fingerprint` of the "
        "preview says what was looked at.",
        example={"csv": "email,name\nalice@example.org,Alice", "preview": True},
    ),
    f"GET {GROUP}/members/export": Operation(
        "Export a class list", Binary(("text/csv",), "One row for each member."), note=ADMINS
    ),
    f"DELETE {GROUP}/members/{{user_id}}": Operation("Take a member out of a group", note=ADMINS),
}
