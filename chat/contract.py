"""The doors of this room, as core.contract has them."""

from chat import people_api, serializers, shapes, starting_api
from chat.assistants.contract import OPERATIONS as OF_ASSISTANTS
from chat.compatible.contract import OPERATIONS as OF_PROGRAMS
from chat.models import Session
from chat.mydata.contract import OPERATIONS as OF_MY_DATA
from chat.one_shot_shapes import AskIn
from chat.reading_contract import OPERATIONS as OF_READING
from chat.sharing_api import ShareIn
from core.contract import Binary, Events, ListOf, Operation, Parameter
from documents.knowledge.serializers import AnswerSerializer, EntrySerializer
from documents.serializers import DocumentSerializer, FileOnly

SESSION = "chat/sessions/{session_id}"
MESSAGE = "chat/messages/{message_id}"
NOTE = (
    "Answers with text/event-stream, or with JSON where Accept names application/json only or "
    "`stream` is false. Every event has an `id:`; who lost the connection goes on by "
    "`GET chat/sessions/{id}/events?after=<id>`."
)
TURN = Events(
    {
        "user_message": shapes.Said,
        "rag_search": shapes.SearchStep,
        "chunk": shapes.Chunk,
        "done": shapes.Done,
        "error": shapes.StreamError,
    },
    "The turn as it happens. `done` or `error` is the last event.",
)
STATUS = Parameter("status", {"type": "string", "enum": Session.Status.values})
SEARCH = Parameter("search", {"type": "string"}, "Words of a title or of what was said.")
ARCHIVED = Parameter(
    "archived", {"type": "string", "enum": ["true", "false", "any"], "default": "any"}
)
AS = Parameter("as", {"type": "string", "enum": ["markdown", "json"], "default": "markdown"})

OPERATIONS = {
    **OF_ASSISTANTS,
    **OF_PROGRAMS,
    **OF_MY_DATA,
    **OF_READING,
    "GET chat/questions": Operation(
        "Get questions to begin with",
        shapes.Questions,
        query=starting_api.WithAssistant,
        errors=(404,),
        note="Made from the headings of the newest documents a new chat would search.",
    ),
    "GET chat/config": Operation("Get what can be chosen for a chat", shapes.ChatConfig),
    "GET chat/sessions": Operation(
        "List my chats",
        ListOf("sessions", shapes.Session),
        query=(STATUS, SEARCH, ARCHIVED),
        note="The one last changed first.",
    ),
    "POST chat/sessions": Operation(
        "Begin a chat",
        {201: shapes.Session},
        body=serializers.SessionIn,
        is_body_optional=True,
        is_idempotent=True,
        errors=(404,),
        example={"title": "Photosynthesis"},
    ),
    f"GET {SESSION}": Operation(
        "Get a chat with its messages", shapes.SessionDetail, note="Mine; admins read every chat."
    ),
    f"PATCH {SESSION}": Operation(
        "Change a chat",
        shapes.SessionDetail,
        body=serializers.SessionPatch,
        example={"title": "Photosynthesis, again"},
    ),
    f"DELETE {SESSION}": Operation("Delete a chat"),
    f"GET {SESSION}/export": Operation(
        "Export a chat",
        {200: (shapes.ExportedSession, Binary(("text/markdown",), "The chat as a file."))},
        query=AS,
        headers=("Content-Disposition",),
    ),
    f"POST {SESSION}/files": Operation(
        "Add a file to a chat",
        {201: DocumentSerializer, 200: DocumentSerializer},
        body={"multipart/form-data": FileOnly},
        is_idempotent=True,
        is_limited=True,
        note="For this chat alone. 200: this file is here already.",
    ),
    f"POST {SESSION}/pictures": Operation(
        "Add a picture to the next question of a chat",
        {201: shapes.Attachment, 200: shapes.Attachment},
        body={"multipart/form-data": FileOnly},
        errors=(409, 503),
        is_idempotent=True,
        is_limited=True,
        note="PNG, JPEG, GIF or WebP of at most 10 MB. The question names it by its id; what no "
        "question took within a day is taken back. 200: this picture is in the chat already.",
    ),
    "GET chat/pictures/{picture_id}": Operation(
        "Get a picture of a chat",
        {200: Binary(("image/png", "image/jpeg"), "The picture."), 304: None},
        errors=(503,),
        headers=("ETag",),
        note="For who reads the chat.",
    ),
    f"POST {SESSION}/messages": Operation(
        "Ask a question",
        {200: (TURN, shapes.AnswerWithSources)},
        errors=(409, 502, 503),
        is_idempotent=True,
        is_limited=True,
        note=NOTE,
        example={"message": "Why do leaves look green?"},
    ),
    f"GET {SESSION}/events": Operation(
        "Resume an answer",
        {200: TURN},
        note="Every event after number `after` (or Last-Event-ID) of a generation, the latest by "
        "default, then what is still to come.",
    ),
    f"POST {SESSION}/stop": Operation(
        "Stop an answer", shapes.Stopped, note="What was said is kept."
    ),
    f"POST {MESSAGE}/retry": Operation(
        "Answer a question again",
        {200: (TURN, shapes.AnswerWithSources)},
        errors=(409, 502, 503),
        is_idempotent=True,
        is_limited=True,
        note=f"The earlier answer is kept as a branch. {NOTE}",
    ),
    f"POST {MESSAGE}/edit": Operation(
        "Ask a question in other words",
        {200: (TURN, shapes.AnswerWithSources)},
        errors=(409, 502, 503),
        is_idempotent=True,
        is_limited=True,
        note=f"The earlier question is kept with its answers. {NOTE}",
        example={"message": "Why do leaves look green in summer?"},
    ),
    f"POST {SESSION}/branch": Operation(
        "Show another branch of a chat",
        shapes.SessionDetail,
        body=serializers.BranchIn,
        errors=(409,),
        note="That of this message, at its newest end.",
        example={"message_id": "0192f3a4-5b6c-7d8e-9f01-23456789abcd"},
    ),
    "GET chat/shares": Operation(
        "List my shared links", ListOf("shares", shapes.SharedLink), note="Of all my chats."
    ),
    "DELETE chat/shares/{share_id}": Operation("Take a shared link back"),
    f"GET {SESSION}/shares": Operation(
        "List the shared links of a chat", ListOf("shares", shapes.SharedLink)
    ),
    f"POST {SESSION}/shares": Operation(
        "Share a chat by link",
        {201: shapes.NewSharedLink},
        body=ShareIn,
        is_body_optional=True,
        errors=(409,),
        note="To be read by whoever holds the link, as it stands now.",
        example={"shows_name": False},
    ),
    f"GET {MESSAGE}/citations/{{number}}": Operation(
        "Get the place of a citation", shapes.CitedPlace
    ),
    f"POST {MESSAGE}/feedback": Operation(
        "Rate an answer",
        shapes.Feedback,
        body=serializers.FeedbackIn,
        note="In place of what was said before.",
        example={"value": 1, "reason": "Clear, and the page is right."},
    ),
    f"DELETE {MESSAGE}/feedback": Operation("Take a rating back"),
    "POST chat": Operation(
        "Ask in one request",
        {200: (shapes.OneShotAnswer, Events({"session": shapes.InSession, **TURN.shapes}))},
        body={"application/json": AskIn},
        errors=(404, 409, 502, 503),
        is_idempotent=True,
        is_limited=True,
        note="In the session of the id you choose, or a new one. JSON, or the event stream for "
        "`stream: true` or `Accept: text/event-stream`, whose first event is `session`. At most "
        "28 MB with its attachments.",
        example={"prompt": "Why do leaves look green?"},
    ),
    "POST chat/ws-ticket": Operation(
        "Get a ticket for a WebSocket",
        shapes.Ticket,
        note="For `?ticket=`; good once, for a minute.",
    ),
    "POST knowledge/from-message/{message_id}": Operation(
        "Keep an answer of a chat",
        {201: EntrySerializer},
        body=AnswerSerializer,
        errors=(409,),
        note="The question before this message, with the answer sent here.",
        example={"answer": "Because chlorophyll reflects green light."},
    ),
    "GET users": Operation(
        "List people",
        ListOf("users", shapes.Person),
        query=people_api.Filters,
        note="For admins. The newest first.",
    ),
    "GET users/{user_id}": Operation("Get a person", shapes.Person, note="For admins."),
    "PATCH users/{user_id}": Operation(
        "Change a person",
        shapes.Person,
        body=people_api.PersonIn,
        errors=(409,),
        note="For admins. Switching somebody off ends all they have open.",
        example={"role": "admin"},
    ),
    "DELETE users/{user_id}": Operation("Delete a person", errors=(409,), note="For admins."),
    "GET users/{user_id}/chats": Operation(
        "List the chats of a person", ListOf("sessions", shapes.Session), note="For admins."
    ),
}
