"""HTTP goes to Django, WebSockets to the consumers, both behind the same idea of who is calling."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

# Below get_asgi_application(): importing consumers needs the app registry.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import get_resolver, path  # noqa: E402

from accounts.sockets import CallerMiddleware  # noqa: E402
from chat.consumers import ChatConsumer  # noqa: E402
from documents.consumers import DocumentsConsumer  # noqa: E402

websocket_urlpatterns = [
    path("ws/chat/<uuid:session_id>/", ChatConsumer.as_asgi()),
    path("ws/documents/", DocumentsConsumer.as_asgi()),
]

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": CallerMiddleware(URLRouter(websocket_urlpatterns)),
    }
)

# Django loads these when it is asked first; config.web forks before, and shares what is loaded.
_ = get_resolver().url_patterns
