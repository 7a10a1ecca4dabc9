from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import RedirectView

from chat.compatible.api import api as openai_api
from chat.one_shot_api import router as one_shot_router
from chat.stream_api import router as chat_router
from config import reference
from config.health import health, ready
from config.metrics import metrics
from core.ninja import api
from rag.api import router as rag_router

api.add_router("", chat_router)
api.add_router("", one_shot_router)
api.add_router("", rag_router)

urlpatterns = [
    path("health", health, name="health"),
    path("ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("api/schema", reference.schema, name="api-schema"),
    path("api/docs", reference.docs, name="api-docs"),
    path("api/redoc", reference.redoc, name="api-redoc"),
    path("admin/", admin.site.urls),
    # The library's own list of logins stands on our account page.
    path("accounts/sessions/", login_required(RedirectView.as_view(pattern_name="account"))),
    path("accounts/", include("allauth.urls")),
    path("account/", include("accounts.urls")),
    path("api/v1/", include("accounts.api")),
    path("api/v1/", include("llm.api")),
    path("api/v1/", include("documents.api")),
    path("api/v1/", include("rag.evaluation_api")),
    path("api/v1/", include("prompts.api")),
    path("api/v1/", include("chat.api")),
    path("api/v1/", include("chat.sharing_api")),
    path("api/v1/", include("chat.mydata.api")),
    path("api/v1/", include("chat.reading_api")),
    path("api/v1/", include("chat.starting_api")),
    path("api/v1/", api.urls),
    path("v1/", openai_api.urls),
    path("", include("chat.urls")),
]

handler400 = "core.errors_pages.bad_request"
handler403 = "core.errors_pages.forbidden"
handler404 = "core.errors_pages.not_found"
handler429 = "core.errors_pages.too_many"
handler500 = "core.errors_pages.server_error"
