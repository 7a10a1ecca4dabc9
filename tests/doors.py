"""Who may come in where: one row for every method of every address.

A new address fails tests/test_access_guard.py until it has a row here, and tests/test_doors.py
then asks everybody at that door. The people:

- alice owns the things in the world; bob is her classmate; charlie a stranger; all are students;
- nobody (no session), and somebody whose account is switched off, in spite of a session.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Who(Enum):
    ANYONE = "anyone, also without an account"
    MEMBERS = "everybody who is signed in"
    OWNER = "the owner of the thing (and admins where the row says so): to others it is not there"
    READERS = "who may read the thing"
    ADMINS = "admins"


@dataclass(frozen=True)
class Door:
    who: Who
    method: str
    path: str
    # What the one who may come in gets; None where asking has consequences tested elsewhere.
    ok: int | None = 200
    body: Any = None
    # Why an address is open to anyone.
    why: str = field(default="", compare=False)

    @property
    def is_api(self) -> bool:
        """For programs: they are told by a status, and bring tokens."""
        return self.path.startswith(("api/", "v1/"))

    @property
    def is_upload(self) -> bool:
        return self.method == "POST" and self.path.endswith(("files/upload", "/files", "/pictures"))

    @property
    def is_async(self) -> bool:
        """Answered by ninja, which reads the database from threads of its own."""
        ends = ("/messages", "/events", "/stop", "message_id>/retry", "/edit", "ws-ticket")
        return (
            self.path.endswith(ends)
            or "/rag/" in self.path
            or self.path.startswith("v1/")
            or self.path in ("health", "ready", "api/v1/chat")
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _api(who: Who, line: str, ok: int | None = 200, body: Any = None, why: str = "") -> Door:
    method, path = line.split()
    return Door(who, method, f"api/v1/{path}", ok, body, why)


SESSION = "chat/sessions/<uuid:session_id>"
FILE = "files/<uuid:document_id>"
COLLECTION = "collections/<uuid:collection_id>"
ASSISTANT = "assistants/<uuid:assistant_id>"
GROUP = "groups/<uuid:group_id>"
EXPORT = "me/exports/<uuid:export_id>"
NOWHERE = "00000000-0000-0000-0000-000000000000"
PROMPT = "prompts/<uuid:prompt_id>"
PROMPT_VERSION = f"{PROMPT}/versions/<int:number>"
MODEL = "models/<uuid:model_id>"
PROVIDER = "providers/<uuid:provider_id>"
PROVIDER_BODY = {"kind": "ollama", "name": "x", "base_url": "http://gpu:11434"}
EMBEDDING = "embeddings/<int:embedding_id>"
WEB_SOURCE = "sources/web/<uuid:source_id>"
ENTRY = "knowledge/<uuid:entry_id>"
EVALUATION = "evaluations/<uuid:evaluation_id>"
RUN = "evaluations/runs/<uuid:run_id>"
PROMPT_BODY = {"name": "x", "content": "y"}

DOORS = [
    # Health, for load balancers and monitoring; details only for admins and this machine.
    Door(Who.ANYONE, "GET", "health", None, why="asked by what watches the machine"),
    Door(Who.ANYONE, "GET", "ready", None, why="asked by what sends traffic here"),
    Door(
        Who.ANYONE, "GET", "metrics", None, why="asks for a token, an admin or this machine itself"
    ),
    # What the API takes and gives; the same for everybody, and it tells nothing of this house.
    Door(Who.ANYONE, "GET", "api/schema", why="read by tools that make clients"),
    Door(Who.ANYONE, "GET", "api/docs", why="shows the document"),
    Door(Who.ANYONE, "GET", "api/redoc", why="shows the document"),
    # Joining and logging in.
    _api(Who.ANYONE, "POST auth/register", 422, {}, why="the way to an account"),
    _api(Who.ANYONE, "POST auth/login", 422, {}, why="the way to a token"),
    _api(Who.ANYONE, "POST auth/token", 422, {}, why="the way to a token, as OAuth2 has it"),
    _api(Who.ANYONE, "POST auth/refresh", 422, {}, why="carries its own proof"),
    _api(Who.ANYONE, "POST auth/logout", None, why="carries its own proof; without one it is 401"),
    _api(Who.MEMBERS, "GET auth/me"),
    _api(Who.MEMBERS, "PATCH auth/me", body={}),
    _api(Who.MEMBERS, "GET keys"),
    _api(Who.MEMBERS, "POST keys", 201, {"name": "x"}),
    _api(Who.OWNER, "DELETE keys/<uuid:key_id>", 204),
    # Chat.
    _api(Who.MEMBERS, "GET chat/config"),
    _api(Who.MEMBERS, "GET chat/sessions"),
    _api(Who.MEMBERS, "POST chat/sessions", 201, {"title": "x"}),
    _api(Who.OWNER, f"GET {SESSION}"),
    _api(Who.OWNER, f"GET {SESSION}/export"),
    _api(Who.OWNER, f"PATCH {SESSION}", body={"title": "x"}),
    _api(Who.OWNER, f"DELETE {SESSION}", 204),
    _api(Who.OWNER, f"POST {SESSION}/messages", None, {"message": "x"}),
    _api(Who.OWNER, f"GET {SESSION}/events", None),
    _api(Who.OWNER, f"POST {SESSION}/stop"),
    _api(Who.OWNER, "POST chat/messages/<uuid:message_id>/retry", None),
    _api(Who.OWNER, "POST chat/messages/<uuid:message_id>/edit", None, {"message": "x"}),
    _api(Who.OWNER, f"POST {SESSION}/branch", 422, {}),
    _api(Who.OWNER, "GET chat/messages/<uuid:message_id>/citations/<int:number>"),
    _api(Who.MEMBERS, "POST chat", None, {"prompt": "x"}),
    _api(Who.OWNER, "POST chat/messages/<uuid:message_id>/feedback", body={"value": 1}),
    _api(Who.OWNER, "DELETE chat/messages/<uuid:message_id>/feedback", 204),
    _api(Who.MEMBERS, "POST chat/ws-ticket"),
    _api(Who.OWNER, f"POST {SESSION}/files", 201),
    _api(Who.OWNER, f"POST {SESSION}/pictures", 422),
    _api(Who.OWNER, "GET chat/pictures/<uuid:picture_id>"),
    # For programs of the OpenAI protocol.
    Door(Who.MEMBERS, "GET", "v1/models"),
    Door(Who.MEMBERS, "GET", "v1/models/<path:name>", 404),
    Door(Who.MEMBERS, "POST", "v1/chat/completions", 400, {}),
    Door(Who.MEMBERS, "POST", "v1/embeddings", 400, {}),
    # Assistants.
    _api(Who.MEMBERS, "GET assistants"),
    _api(Who.ADMINS, "POST assistants", 201, {"name": "x"}),
    _api(Who.READERS, f"GET {ASSISTANT}"),
    _api(Who.ADMINS, f"PATCH {ASSISTANT}", body={"name": "x"}),
    _api(Who.ADMINS, f"DELETE {ASSISTANT}", 204),
    _api(Who.ADMINS, f"POST {ASSISTANT}/access", body={"users": ["alice@example.org"]}),
    _api(Who.ADMINS, f"POST {ASSISTANT}/unarchive"),
    _api(Who.ADMINS, f"GET {ASSISTANT}/stats"),
    _api(Who.ADMINS, f"GET {ASSISTANT}/people"),
    _api(Who.ADMINS, f"GET {ASSISTANT}/versions"),
    # Shared links.
    _api(Who.MEMBERS, "GET chat/shares"),
    _api(Who.OWNER, f"GET {SESSION}/shares"),
    _api(Who.OWNER, f"POST {SESSION}/shares", 201),
    _api(Who.OWNER, "DELETE chat/shares/<uuid:share_id>", 204),
    Door(Who.ANYONE, "GET", "s/<str:token>/", 404, why="whoever holds the link reads the chat"),
    Door(
        Who.ANYONE,
        "GET",
        "s/<str:token>/pictures/<uuid:picture_id>/",
        404,
        why="whoever holds the link sees the pictures of what it shows",
    ),
    # Class reading. An admin who does not read the class finds none of its chats.
    _api(Who.MEMBERS, "GET chat/questions"),
    _api(Who.MEMBERS, "GET chat/readers"),
    _api(Who.MEMBERS, "GET me/readings"),
    _api(Who.ADMINS, f"GET {GROUP}/readers"),
    _api(Who.ADMINS, f"PUT {GROUP}/readers", body={"users": []}),
    _api(Who.ADMINS, f"GET {GROUP}/chats", 404),
    _api(Who.ADMINS, f"GET {GROUP}/chats/<uuid:session_id>", 404),
    Door(Who.ADMINS, "GET", "classes/"),
    Door(Who.ADMINS, "GET", "classes/<uuid:group_id>/", 404),
    Door(Who.ADMINS, "GET", "classes/<uuid:group_id>/<uuid:session_id>/", 404),
    # My data.
    _api(Who.MEMBERS, "GET me/exports"),
    _api(Who.MEMBERS, "POST me/exports", 202),
    _api(Who.OWNER, f"GET {EXPORT}"),
    _api(Who.OWNER, f"DELETE {EXPORT}", 204),
    _api(Who.OWNER, f"GET {EXPORT}/download"),
    _api(Who.MEMBERS, "GET me/account"),
    _api(Who.MEMBERS, "DELETE me/account", 403, {}),
    # Documents.
    _api(Who.MEMBERS, "POST files/upload", 201),
    _api(Who.MEMBERS, "GET files"),
    _api(Who.MEMBERS, "GET files/quota"),
    _api(Who.READERS, f"GET {FILE}"),
    _api(
        Who.OWNER, f"PATCH {FILE}", None, {"collection_id": "00000000-0000-0000-0000-000000000000"}
    ),
    _api(Who.OWNER, f"DELETE {FILE}", 204),
    _api(Who.ADMINS, f"PATCH {FILE}/status", 200, {"status": "UPLOADED"}),
    _api(Who.OWNER, f"POST {FILE}/reprocess", 202),
    _api(Who.OWNER, f"POST {FILE}/retry", 409),
    _api(Who.OWNER, f"POST {FILE}/cancel", 409),
    _api(Who.READERS, f"GET {FILE}/download"),
    _api(Who.READERS, f"GET {FILE}/pages/<int:number>"),
    _api(Who.READERS, f"GET {FILE}/search", 422),
    _api(Who.MEMBERS, "GET collections"),
    _api(Who.MEMBERS, "POST collections", 201, {"name": "x"}),
    _api(Who.READERS, f"GET {COLLECTION}"),
    _api(Who.OWNER, f"PATCH {COLLECTION}", body={"name": "x"}),
    # It holds a file, and what becomes of that must be said.
    _api(Who.OWNER, f"DELETE {COLLECTION}", 409),
    _api(Who.READERS, f"POST {COLLECTION}/leave", 204),
    _api(Who.READERS, f"GET {COLLECTION}/files"),
    _api(Who.OWNER, f"POST {COLLECTION}/files", 201),
    # Retrieval.
    _api(Who.MEMBERS, "POST rag/search", None),
    _api(Who.MEMBERS, "GET rag/health"),
    _api(Who.MEMBERS, "GET rag/config", None),
    # Models.
    _api(Who.MEMBERS, "GET models"),
    _api(Who.ADMINS, "POST models", 201, {"provider": "builtin", "name": "x"}),
    _api(Who.MEMBERS, f"GET {MODEL}"),
    _api(Who.ADMINS, f"PATCH {MODEL}", body={"order": 5}),
    _api(Who.ADMINS, f"DELETE {MODEL}", 204),
    _api(Who.ADMINS, "GET providers"),
    _api(Who.ADMINS, "POST providers", 201, PROVIDER_BODY),
    _api(Who.ADMINS, f"GET {PROVIDER}"),
    _api(Who.ADMINS, f"PATCH {PROVIDER}", body={"order": 5}),
    _api(Who.ADMINS, f"DELETE {PROVIDER}", 204),
    _api(Who.ADMINS, f"POST {PROVIDER}/check"),
    _api(Who.ADMINS, f"POST {PROVIDER}/fetch-models", 424),
    # Usage.
    _api(Who.ADMINS, "GET usage"),
    _api(Who.MEMBERS, "GET usage/me"),
    # Embedding models. The one in this process needs nobody's key to be registered.
    _api(Who.ADMINS, "GET embeddings"),
    _api(
        Who.ADMINS,
        "POST embeddings",
        201,
        {"provider": "local", "name": "all-MiniLM-L6-v2"},
    ),
    _api(Who.ADMINS, f"GET {EMBEDDING}"),
    _api(Who.ADMINS, f"DELETE {EMBEDDING}", 202),
    _api(Who.ADMINS, f"POST {EMBEDDING}/use", 202),
    _api(Who.ADMINS, f"POST {EMBEDDING}/cancel", 409),
    # Web sources.
    _api(Who.ADMINS, "GET sources/web"),
    _api(Who.ADMINS, "POST sources/web", 201, {"url": "https://example.org/"}),
    _api(Who.ADMINS, f"GET {WEB_SOURCE}"),
    _api(Who.ADMINS, f"PATCH {WEB_SOURCE}", body={"refresh": "daily"}),
    _api(Who.ADMINS, f"DELETE {WEB_SOURCE}", 204),
    _api(Who.ADMINS, f"POST {WEB_SOURCE}/refresh", 202),
    # Questions and answers.
    _api(Who.ADMINS, "GET knowledge"),
    _api(Who.ADMINS, "POST knowledge", 201, {"question": "Why?", "answer": "Therefore."}),
    _api(Who.ADMINS, "POST knowledge/import", 200, {"csv": "question,answer\nWhy?,Therefore."}),
    _api(Who.ADMINS, "GET knowledge/export"),
    _api(
        Who.ADMINS,
        "POST knowledge/from-message/<uuid:message_id>",
        201,
        {"answer": "Because of luciferin."},
    ),
    _api(Who.ADMINS, f"GET {ENTRY}"),
    _api(Who.ADMINS, f"PATCH {ENTRY}", body={"answer": "Because."}),
    _api(Who.ADMINS, f"DELETE {ENTRY}", 204),
    _api(Who.ADMINS, f"POST {EMBEDDING}/approve", 409),
    # Evaluation.
    _api(Who.ADMINS, "GET evaluations"),
    _api(Who.ADMINS, "POST evaluations", 422, {}),
    _api(Who.ADMINS, f"GET {EVALUATION}"),
    _api(Who.ADMINS, f"DELETE {EVALUATION}", 204),
    _api(Who.ADMINS, f"POST {EVALUATION}/runs", 409),
    _api(Who.ADMINS, f"GET {RUN}"),
    _api(Who.ADMINS, f"DELETE {RUN}", 204),
    _api(Who.ADMINS, f"GET {RUN}/results"),
    _api(Who.ADMINS, f"GET {RUN}/against/<uuid:other_id>"),
    # Prompts and people.
    _api(Who.ADMINS, "GET prompts"),
    _api(Who.ADMINS, "POST prompts", 201, PROMPT_BODY),
    _api(Who.ADMINS, f"GET {PROMPT}"),
    _api(Who.ADMINS, f"PUT {PROMPT}", body=PROMPT_BODY),
    _api(Who.ADMINS, f"PATCH {PROMPT}", body={"name": "x"}),
    _api(Who.ADMINS, f"DELETE {PROMPT}", 204),
    _api(Who.ADMINS, f"PATCH {PROMPT}/activate"),
    _api(Who.ADMINS, f"POST {PROMPT}/preview", body={}),
    _api(Who.ADMINS, f"GET {PROMPT}/versions"),
    _api(Who.ADMINS, f"GET {PROMPT_VERSION}"),
    _api(Who.ADMINS, f"GET {PROMPT_VERSION}/diff"),
    _api(Who.ADMINS, f"POST {PROMPT_VERSION}/restore"),
    _api(Who.ADMINS, "GET users"),
    _api(Who.ADMINS, "GET users/<uuid:user_id>"),
    _api(Who.ADMINS, "PATCH users/<uuid:user_id>", 422, {}),
    _api(Who.ADMINS, "DELETE users/<uuid:user_id>", 204),
    _api(Who.ADMINS, "GET users/<uuid:user_id>/chats"),
    _api(Who.ADMINS, "GET groups"),
    _api(Who.ADMINS, "POST groups", 201, {"name": "x"}),
    _api(Who.ADMINS, f"GET {GROUP}"),
    _api(Who.ADMINS, f"PATCH {GROUP}", body={"name": "x"}),
    _api(Who.ADMINS, f"DELETE {GROUP}", 204),
    _api(Who.ADMINS, f"GET {GROUP}/members"),
    _api(Who.ADMINS, f"POST {GROUP}/members", body={"emails": ["alice@example.org"]}),
    _api(Who.ADMINS, f"DELETE {GROUP}/members/<uuid:user_id>", 204),
    _api(
        Who.ADMINS,
        f"POST {GROUP}/members/import",
        body={"csv": "email\nbob@example.org", "preview": True},
    ),
    _api(Who.ADMINS, f"GET {GROUP}/members/export"),
    # Pages. The chat page is the same for every session: the browser asks the API for the rest.
    Door(Who.MEMBERS, "GET", ""),
    Door(Who.MEMBERS, "GET", "chat/"),
    Door(Who.MEMBERS, "GET", "chat/<uuid:session_id>/"),
    Door(Who.MEMBERS, "GET", "account/data/"),
    Door(Who.MEMBERS, "GET", "account/"),
    # Without a name nothing is changed or made, and each finds only what is one's own.
    Door(Who.MEMBERS, "POST", "account/profile/", 422),
    Door(Who.MEMBERS, "POST", "account/keys/", 422),
    Door(Who.MEMBERS, "POST", "account/keys/revoke/", 302),
    Door(Who.MEMBERS, "POST", "account/sessions/end/", 302),
    Door(Who.MEMBERS, "GET", "library/"),
    Door(Who.MEMBERS, "GET", "library/<uuid:collection_id>/"),
    Door(Who.ANYONE, "POST", "preferences/", 302, why="language and look of the login page"),
]

# Not asked one by one: whole trees with one rule of their own.
TREES = {
    "admin/": "the Django admin: every page is wrapped by admin_view and asks for is_staff",
    "accounts/": "the login library; what it shows to nobody is listed in OPEN_ACCOUNT_PAGES",
}
# Pages of the login library that somebody without a session may see. All others lead to login.
OPEN_ACCOUNT_PAGES = {
    "accounts/login/",
    "accounts/logout/",
    "accounts/inactive/",
    "accounts/signup/",
    "accounts/confirm-email/",
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$",
    "accounts/password/reset/",
    "accounts/password/reset/done/",
    "accounts/password/reset/key/done/",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "accounts/3rdparty/login/cancelled/",
    "accounts/3rdparty/login/error/",
    # Logins of others: 404 where they are not set up.
    "accounts/google/login/",
    "accounts/google/login/callback/",
    "accounts/google/login/token/",
    "accounts/microsoft/login/",
    "accounts/microsoft/login/callback/",
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/",
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/",
}
# Not ours to list: an address of the framework that answers nothing.
EMPTY = dict.fromkeys(("api/v1/", "v1/"), "ninja's root: 404, as there is no page for it")

SOCKETS = {
    "ws/chat/<uuid:session_id>/": Who.OWNER,
    "ws/documents/": Who.MEMBERS,
}
# Every message a client may send, and what decides whether it may.
MESSAGES = {
    "message": "services.post_message looks the session up among the sender's own",
    "stop": "services.request_stop looks the session up among the sender's own",
    "resume": "runner.readable looks the generation up, and it must belong to this session",
    "regenerate": "queries.message looks the message up, and it must belong to this session",
    "edit": "queries.message looks the message up, and it must belong to this session",
    "ping": "answers pong and touches nothing",
}
# Every Celery task: arguments are ids or nothing, and no person can call one.
TASKS = {
    "accounts.tasks.forget_logins": "by beat",
    "accounts.tasks.invite": "a user's id and this site's address, sent by accounts.invitations",
    "core.tasks.forget_requests": "by beat",
    "chat.tasks.close_abandoned": "by beat",
    "chat.tasks.export_data": "an export's id, sent by chat.mydata.services",
    "chat.tasks.tend_exports": "by beat",
    "chat.tasks.summarise": "a session's id, sent by the turn that could not tell all of it",
    "documents.tasks.ingest": "a document's id, sent by documents.services",
    "documents.tasks.read_web": "a web source's id, sent by documents.web.services",
    "documents.tasks.reconcile": "by beat",
    "documents.tasks.take_stock": "by beat",
    "documents.tasks.summarise": "a document's id, sent when it has been read or an admin asks",
    "documents.tasks.build_vector_index": "no arguments; builds what is due and nothing else",
    "documents.tasks.reembed": "a job's id, sent by documents.reembed",
    "documents.tasks.remove_embedding_model": "a model's id, sent by documents.reembed",
    "rag.tasks.evaluate": "a run's id, sent by the page or the API that started it",
    "rag.tasks.resume_evaluations": "by beat",
    "llm.tasks.refresh_registry": "by beat",
    "llm.tasks.probe_failing": "by beat",
    "llm.tasks.watch_spending": "by beat",
}
# Every tool a model may call, and what decides what it reaches.
TOOLS = {
    "document_search": "Searching holds the asking student; every query starts from visible_to",
}
