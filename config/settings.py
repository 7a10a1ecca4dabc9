"""One settings file. Everything that differs between installations is read in config/env.py."""

import json
import sys
from datetime import timedelta

from celery.schedules import schedule
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import env, social

BASE_DIR = env.BASE_DIR
LONTAR_HOME = env.HOME
DEBUG = env.flag("DEBUG")
TESTING = env.flag("LONTAR_TESTING")

SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. `make run` makes one; for anything else set it in the environment "
        "or in .env (50 random characters)."
    )

# Secrets in the database (the providers' keys, second factors) are sealed with the first of these
# and opened with any of them.
FIELD_ENCRYPTION_KEYS = env.words("FIELD_ENCRYPTION_KEYS")
HOST = env.text("HOST", "127.0.0.1")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SERVED_BY_TLS = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)

INSTALLED_APPS = [
    "config",
    "core",
    "accounts",
    "llm",
    "documents",
    "prompts",
    "rag",
    "chat",
    "config.dashboard.apps.LontarAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.microsoft",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "channels",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
# For developers: its runserver speaks WebSocket. Elsewhere the event loop it makes when it is
# imported would lie in the way of config.web, which forks.
if "runserver" in sys.argv:
    INSTALLED_APPS.insert(0, "daphne")

MIDDLEWARE = [
    "core.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.static.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "core.middleware.admin_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.social.leave_by_page",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]

# --- Data -------------------------------------------------------------------------------------
DATABASES = {"default": env.env.db("DATABASE_URL", default="postgres://lontar@localhost/lontar")}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        # A pool instead of persistent connections: under ASGI every request runs in another thread.
        "pool": {"min_size": 1, "max_size": env.number("DATABASE_POOL", 24), "timeout": 20},
        # lontar.reader: see documents/row_security.py.
        "options": "-c hnsw.iterative_scan=relaxed_order -c timezone=UTC -c lontar.reader=system",
    }
)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
REDIS_PREFIX = env.text("REDIS_PREFIX", "lontar")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
    }
}
CHANNEL_LAYERS = {
    "default": {
        # The pub/sub layer: the core layer dies on idle connections and drops over 100 messages.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL}], "prefix": REDIS_PREFIX},
    }
}

# --- Work in the background -------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(LONTAR_HOME / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "documents.reconcile": {
        "task": "documents.tasks.reconcile",
        "schedule": schedule(timedelta(seconds=20)),
    },
    "documents.take_stock": {
        "task": "documents.tasks.take_stock",
        "schedule": schedule(timedelta(hours=6)),
    },
    "chat.close_abandoned": {
        "task": "chat.tasks.close_abandoned",
        "schedule": schedule(timedelta(seconds=15)),
    },
    "chat.tend_exports": {
        "task": "chat.tasks.tend_exports",
        "schedule": schedule(timedelta(minutes=1)),
    },
    "accounts.forget_logins": {
        "task": "accounts.tasks.forget_logins",
        "schedule": schedule(timedelta(days=1)),
    },
    "llm.refresh_registry": {
        "task": "llm.tasks.refresh_registry",
        "schedule": schedule(timedelta(minutes=5)),
    },
    "llm.watch_spending": {
        "task": "llm.tasks.watch_spending",
        "schedule": schedule(timedelta(minutes=5)),
    },
    "llm.probe_failing": {
        "task": "llm.tasks.probe_failing",
        "schedule": schedule(timedelta(minutes=1)),
    },
    "rag.resume_evaluations": {
        "task": "rag.tasks.resume_evaluations",
        "schedule": schedule(timedelta(seconds=30)),
    },
    "core.forget_requests": {
        "task": "core.tasks.forget_requests",
        "schedule": schedule(timedelta(hours=1)),
    },
}

# --- Files ------------------------------------------------------------------------------------
MEDIA_ROOT = LONTAR_HOME / "files"
# Reads pages that are pictures by Tesseract, in the languages it has data for, joined by "+".
OCR = env.flag("OCR", False)
OCR_LANGUAGES = env.text("OCR_LANGUAGES", "ind+eng")
MAX_UPLOAD_MB = env.number("MAX_UPLOAD_MB", 250)
# With whom students may share collections of their own: none, people (by address), groups (people
# and the groups they belong to).
STUDENT_SHARING = env.text("STUDENT_SHARING", "people")
# Ask all evaluation sets before searches change to another embedding model.
EVALUATE_BEFORE_SWITCH = env.flag("EVALUATE_BEFORE_SWITCH", True)
KEEP_ORIGINAL_FILES = env.flag("KEEP_ORIGINAL_FILES", True)
# Have each document summarised by the first model that is no built-in one.
DOCUMENT_SUMMARIES = env.flag("DOCUMENT_SUMMARIES", True)
# For the documents of one person in 24 hours; more only when an admin asks. 0: only then.
DOCUMENT_SUMMARIES_PER_DAY = env.number("DOCUMENT_SUMMARIES_PER_DAY", 20)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
# Originals elsewhere than beside the rest: a storage class of Django's and its options, as JSON.
ORIGINALS_BACKEND = env.text("ORIGINALS_BACKEND")
ORIGINALS_OPTIONS = env.text("ORIGINALS_OPTIONS", "{}")
STATIC_URL = "/static/"
STATIC_ROOT = LONTAR_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "originals": {
        "BACKEND": ORIGINALS_BACKEND or "django.core.files.storage.FileSystemStorage",
        "OPTIONS": json.loads(ORIGINALS_OPTIONS),
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "config.static.ManifestStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
WHITENOISE_AUTOREFRESH = DEBUG

# --- Web sources ------------------------------------------------------------------------------
# Hosts (or host:port) of one's own network that may be fetched from; all others must be public.
WEB_SOURCES_ALLOW = env.words("WEB_SOURCES_ALLOW")
# Where the owners of sites can complain: an address of a page or of a mailbox.
WEB_SOURCES_CONTACT = env.text("WEB_SOURCES_CONTACT") or env.text("SUPERADMIN_EMAIL")
WEB_SOURCES_MAX_MB = env.number("WEB_SOURCES_MAX_MB", 25)
WEB_SOURCES_SECONDS = env.number("WEB_SOURCES_SECONDS", 60)
# Between two requests to the same host.
WEB_SOURCES_PAUSE = env.number("WEB_SOURCES_PAUSE", 1)
# The proxies of the environment are not asked; one named here decides by itself what it reaches.
WEB_SOURCES_PROXY = env.text("WEB_SOURCES_PROXY")

# --- People (ALLAUTH) -------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "full_name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SUPERADMIN_EMAIL = env.text("SUPERADMIN_EMAIL")
SUPERADMIN_PASSWORD = env.text("SUPERADMIN_PASSWORD")
SIGNUP_OPEN = env.flag("SIGNUP_OPEN", True)
# Chats are renamed, completed and deleted by admins alone, as where a course is studied.
CHATS_ARE_KEPT = env.flag("CHATS_ARE_KEPT", False)
# Mail is sent only where it can be: without EMAIL_URL nobody waits for a confirmation.
_mail = bool(env.text("EMAIL_URL"))
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_FORMS = {
    "add_email": "accounts.login_forms.AddEmailForm",
    "login": "accounts.login_forms.LoginForm",
    "reset_password": "accounts.login_forms.ResetPasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = "optional" if _mail else "none"
ACCOUNT_EMAIL_NOTIFICATIONS = _mail
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Lontar] "
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Until the admin sets others (accounts/limits.py): questions and uploads for each person, logins
# and sign-ups for each address, behind which a whole class may sit.
LIMITS = {
    "chat": env.text("LIMIT_CHAT", "30/m"),
    "upload": env.text("LIMIT_UPLOAD", "10/h"),
    "login": env.text("LIMIT_LOGIN", "300/m"),
    "signup": env.text("LIMIT_SIGNUP", "300/h"),
}
# How many proxies in front of this process are ours: only their X-Forwarded-For is believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)
MFA_ADAPTER = "accounts.mfa.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.mfa_forms.AuthenticateForm",
    "reauthenticate": "accounts.mfa_forms.ReauthenticateForm",
}
MFA_TOTP_ISSUER = "Lontar"
MFA_SUPPORTED_TYPES = ["recovery_codes", "totp", "webauthn"] if FIELD_ENCRYPTION_KEYS else []
# Needs https or localhost, as browsers do: at any other address nobody is offered one.
MFA_PASSKEY_LOGIN_ENABLED = bool(FIELD_ENCRYPTION_KEYS)
MFA_ALLOW_UNVERIFIED_EMAIL = not _mail
MFA_RECOVERY_CODES_SHOW_ONCE = True

# Logins of others, each shown where its id is set here.
SOCIALACCOUNT_ADAPTER = "accounts.social.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = social.providers(env.text)

# --- API --------------------------------------------------------------------------------------
# Who brings it as a bearer may read /metrics; without one only admins and this machine may.
METRICS_TOKEN = env.text("METRICS_TOKEN")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.drf.BearerAuthentication",
        "accounts.drf.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.parsers.OneRepresentation",
    "DEFAULT_PAGINATION_CLASS": "core.http.SkipLimitPagination",
    "DEFAULT_SCHEMA_CLASS": "core.openapi.schema.DoorSchema",
    # OPTIONS is answered by 405 as everywhere: what there is stands in the document.
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "core.http.drf_exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Lontar",
    "DESCRIPTION": "Ask language models about your own course material. Errors are RFC 9457 "
    "problems; lists go by skip and limit. The API guide (docs/api.md) walks through all of it.",
    "VERSION": "1",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.1",
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["core.openapi.merging.stand_in_for_ninja"],
    "POSTPROCESSING_HOOKS": [
        "core.openapi.merging.join_ninja",
        "core.openapi.merging.add_shared",
    ],
}

# --- Models -----------------------------------------------------------------------------------
PROVIDER_KEYS = {
    "openai": env.text("OPENAI_API_KEY"),
    "anthropic": env.text("ANTHROPIC_API_KEY"),
    "google": env.text("GEMINI_API_KEY") or env.text("GOOGLE_API_KEY"),
    "openrouter": env.text("OPENROUTER_API_KEY"),
    "huggingface": env.text("HF_TOKEN"),
}
PROVIDER_BASE_URLS = {
    "openai": env.text("OPENAI_BASE_URL"),
    "anthropic": env.text("ANTHROPIC_BASE_URL"),
    "google": env.text("GOOGLE_GEMINI_BASE_URL"),
    "ollama": env.text("OLLAMA_BASE_URL"),
    "openrouter": env.text("OPENROUTER_BASE_URL"),
    "huggingface": env.text("HF_BASE_URL"),
}
EMBEDDING_MODEL = env.text("EMBEDDING_MODEL")
# The local embedder: threads of one call, and calls at once (0: as many as processors).
EMBEDDER_THREADS = env.number("EMBEDDER_THREADS", 1)
EMBEDDER_CALLS = env.number("EMBEDDER_CALLS", 0)
# Seconds a model may take until it says anything, between two pieces, and for one call.
LLM_FIRST_TOKEN_SECONDS = 60.0
LLM_SILENCE_SECONDS = 60.0
LLM_TOTAL_SECONDS = 600.0
# A whole turn: its calls, the waits between them, its searches.
TURN_SECONDS = float(env.number("TURN_SECONDS", 1800))
# httpx2's own transport knows how to go through a proxy; ours is for all others.
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
LLM_THROUGH_PROXY = any(env.text(name) for name in PROXIES)
# Tests set this to False: a real provider call by accident is then an error, not a bill.
LLM_ALLOW_NETWORK = not TESTING

# --- Language ---------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("id", _("Indonesian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "core.formats"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Security ---------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_BY_TLS
SESSION_COOKIE_NAME = "lontar_session"
CSRF_COOKIE_NAME = "lontar_csrf"
if SERVED_BY_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31536000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "require-trusted-types-for": ["'script'"],
    }
}

# --- Mail and logs ----------------------------------------------------------------------------
EMAIL_CONFIGURED = bool(env.text("EMAIL_URL"))
if EMAIL_CONFIGURED:
    vars().update(env.env.email("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "core.logs.RequestFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO" if not TESTING else "WARNING"},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "pypdf": {"level": "ERROR"},
    },
}
