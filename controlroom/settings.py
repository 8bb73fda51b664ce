"""The one settings file: environment only, every default the safe one (docs/settings.md)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from controlroom import env, geolibs, schedule

BASE_DIR = Path(__file__).resolve().parent.parent

# --- security ---------------------------------------------------------------------------
DEBUG = env.boolean("CONTROLROOM_DEBUG", default=False)
SECRET_KEY = env.secret("CONTROLROOM_SECRET_KEY")
# Fernet keys, newest first, for camera addresses and link secrets; older ones still decrypt.
FIELD_KEYS = [key.strip() for key in env.secret("CONTROLROOM_FIELD_KEYS").split(",") if key.strip()]
# Signs the heads of the audit chains that are exported.
AUDIT_KEY = env.signing_key("CONTROLROOM_AUDIT_KEY")
ALLOWED_HOSTS = env.items("CONTROLROOM_ALLOWED_HOSTS")
# In whose name each city issues CAP alerts.
CAP_SENDERS = env.senders("CONTROLROOM_CAP_SENDERS")
CSRF_TRUSTED_ORIGINS = env.items("CONTROLROOM_TRUSTED_ORIGINS")
HTTPS = env.boolean("CONTROLROOM_HTTPS", default=True)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if env.boolean("CONTROLROOM_BEHIND_PROXY", default=False)
    else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# One shift; B5 asks for a lock, not a sign-out, in the middle of it.
SESSION_COOKIE_AGE = env.integer("CONTROLROOM_SESSION_S", 12 * 3600, minimum=300)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Counted per name and address together: nobody locks an operator out from another machine.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.integer("CONTROLROOM_SIGN_IN_TRIES", 10, minimum=1)
AXES_COOLOFF_TIME = timedelta(minutes=10)
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- what runs --------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "linkage",
    "incidents",
    "cctv",
    "controlroom.audit",
    "controlroom.journal",
    "controlroom.municipalities",
    "controlroom.accounts",
    "controlroom.apps.ControlroomConfig",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "leaflet",
    "oauth2_provider",
    "axes",
    "controlroom.apps.ControlroomAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "controlroom.middleware.Language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "controlroom.middleware.ContentSecurityPolicy",
    "controlroom.middleware.NothingUnrecorded",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "controlroom.urls"
ASGI_APPLICATION = "controlroom.asgi.application"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- stores -----------------------------------------------------------------------------
for _name, _path in geolibs.library_paths().items():
    globals()[_name] = _path
DATABASES = {"default": env.database("DATABASE_URL")}
DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
DATABASE_POOL = {
    "min_size": 1,
    "max_size": env.integer("CONTROLROOM_DB_POOL", 12, minimum=2),
    # Who finds the database gone is told so (503), and not half a minute later.
    "timeout": 10.0,
    # The pool's own pauses double while the database is gone: after an outage of minutes it would
    # stand still for minutes more. Given up early, it grows anew when it is asked.
    "reconnect_timeout": 3.0,
}
DATABASES["default"]["OPTIONS"] |= {"pool": DATABASE_POOL}
REDIS_URL = env.secret("REDIS_URL")
REDIS_PREFIX = env.text("CONTROLROOM_REDIS_PREFIX", "controlroom")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [REDIS_URL],
            "prefix": REDIS_PREFIX,
        },
    }
}
STATE_DIR = Path(env.text("CONTROLROOM_STATE_DIR", str(BASE_DIR / ".state")))
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "controlroom.staticfiles.ModuleManifestStorage"},
}
MEDIA_ROOT = STATE_DIR / "media"

# --- video ------------------------------------------------------------------------------
# Where cameras may live (CIDR); empty means anywhere but this machine and its link.
CAMERA_NETWORKS = env.items("CONTROLROOM_CAMERA_NETWORKS")
# Authorities that sign the cameras' certificates; empty means those of the system.
CAMERA_CA_FILE = env.text("CONTROLROOM_CAMERA_CA_FILE", "")
# Empty means the one of the imageio-ffmpeg wheel.
FFMPEG = env.text("CONTROLROOM_FFMPEG", "")
# Cameras that nobody watches: each is looked at once in so many seconds, so many hosts at once,
# with so much of one core.
PROBE_TURN_S = env.integer("CONTROLROOM_PROBE_TURN_S", 300, minimum=30)
PROBE_LIMIT = env.integer("CONTROLROOM_PROBE_LIMIT", 4, minimum=1)
PROBE_CPU_PERCENT = env.integer("CONTROLROOM_PROBE_CPU_PERCENT", 25, minimum=1)
RELAY_LIMIT = env.integer("CONTROLROOM_RELAY_LIMIT", 32, minimum=1)
# Streams that this machine transcodes at once because players cannot show them (H.265); 0: none.
TRANSCODE_LIMIT = env.integer("CONTROLROOM_TRANSCODE_LIMIT", 2, minimum=0)
# Where the relays write their pictures, a folder in memory at best; empty: in STATE_DIR.
VIDEO_DIR = env.text("CONTROLROOM_VIDEO_DIR", "")
# The control API of a media server that carries the cameras in our place; empty: there is none.
MEDIA_SERVER_API_URL = env.secret("CONTROLROOM_MEDIA_SERVER_API_URL", "")
# Where browsers reach its HLS, under our own host; and the password of its questions to us.
MEDIA_SERVER_HLS_URL = env.text("CONTROLROOM_MEDIA_SERVER_HLS_URL", "/media-server")
MEDIA_SERVER_SECRET = env.secret("CONTROLROOM_MEDIA_SERVER_SECRET", "")
# The unix socket of a Janus on this machine, which sends the relays' pictures by WebRTC; empty:
# there is none. Its secret, and the first of the loopback ports where it takes their packets.
JANUS_SOCKET = env.text("CONTROLROOM_JANUS_SOCKET", "")
JANUS_SECRET = env.secret("CONTROLROOM_JANUS_SECRET", "")
JANUS_RTP_PORT = env.integer("CONTROLROOM_JANUS_RTP_PORT", 21000, minimum=1024)
# Seconds after which the last small picture of a camera is removed; 0: none is kept.
POSTER_KEEP_S = env.integer("CONTROLROOM_POSTER_KEEP_S", 600, minimum=0)
VIEW_MAX_S = env.integer("CONTROLROOM_VIEW_MAX_S", 3600, minimum=60)
# Seconds that a camera's motors are held at a time, and cameras that are asked for events at once.
PTZ_LOCK_S = env.integer("CONTROLROOM_PTZ_LOCK_S", 120, minimum=10)
EVENT_PULL_LIMIT = env.integer("CONTROLROOM_EVENT_PULL_LIMIT", 100, minimum=0)
# Days after which a still is destroyed; what it was stays on record.
STILL_DAYS = env.integer("CONTROLROOM_STILL_DAYS", 30, minimum=1)
# Days after which a request for recorded video lapses, or its films, when nobody goes on with it;
# and days after which the films of an expired release are destroyed by the clock.
EXPORT_DAYS = env.integer("CONTROLROOM_EXPORT_DAYS", 30, minimum=1)
EXPORT_KEEP_DAYS = env.integer("CONTROLROOM_EXPORT_KEEP_DAYS", 7, minimum=0)
# Where recordings are kept: one folder for the recorder, the web processes and the workers.
RECORDINGS_DIR = Path(env.text("CONTROLROOM_RECORDINGS_DIR", str(STATE_DIR / "recordings")))
# Fernet keys, newest first, of the keys of recorded files; empty means CONTROLROOM_FIELD_KEYS.
RECORDING_KEYS = [
    key.strip()
    for key in env.secret("CONTROLROOM_RECORDING_KEYS", ",".join(FIELD_KEYS)).split(",")
    if key.strip()
]
# No more than so many bytes are kept, and so many of the disk are left free.
RECORDINGS_QUOTA = env.integer("CONTROLROOM_RECORDINGS_QUOTA", 50_000_000_000, minimum=0)
RECORDINGS_LEAVE_FREE = env.integer("CONTROLROOM_RECORDINGS_LEAVE_FREE", 2_000_000_000, minimum=0)
# Relays that the recorder may run beside those of CONTROLROOM_RELAY_LIMIT.
RECORDING_LIMIT = env.integer("CONTROLROOM_RECORDING_LIMIT", 32, minimum=1)

# --- exchanges --------------------------------------------------------------------------
CELERY_BROKER_URL = (
    "redis+socket://" + REDIS_URL.removeprefix("unix://").replace("?db=", "?virtual_host=")
    if urlsplit(REDIS_URL).scheme == "unix"
    else REDIS_URL
)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    # A nudge that finds no broker is lost at once, not after seconds: the sweep does its work.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "global_keyprefix": f"{REDIS_PREFIX}:",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Asia/Seoul"
# A broker that is away must not hold up a report; the sweep finds what was not nudged.
CELERY_TASK_PUBLISH_RETRY = False
# Writes a sign of life for the auditor at each turn.
CELERY_BEAT_SCHEDULER = "linkage.watch.scheduler:WatchedScheduler"
CELERY_BEAT_SCHEDULE = schedule.entries(media_server=bool(MEDIA_SERVER_API_URL))

# Proxies whose word on a verified client certificate counts: networks (CIDR), or `unix` for a
# socket in the file system; empty: nobody's.
CERTIFICATE_PROXIES = env.items("CONTROLROOM_CERTIFICATE_PROXIES")

# --- watch ------------------------------------------------------------------------------
# Seconds between two rounds of the auditor.
WATCH_EVERY_S = env.integer("CONTROLROOM_WATCH_EVERY_S", 10, minimum=1)
# Called after each good round; its absence is what a monitor outside sees.
HEARTBEAT_URL = env.secret("CONTROLROOM_HEARTBEAT_URL", "")

# Where the auditor exports the signed heads of the audit chains every minute: a folder, an address
# or both; every one that is set must take them.
AUDIT_ANCHOR_DIR = env.text("CONTROLROOM_AUDIT_ANCHOR_DIR", "")
AUDIT_ANCHOR_URL = env.secret("CONTROLROOM_AUDIT_ANCHOR_URL", "")

# Seconds after which a web process joins the doorbell's group anew (memberships end by themselves).
REJOIN_S = env.integer("CONTROLROOM_REJOIN_S", 3600, minimum=5)
# What bin/faults leaves out to show that it is missed; counts in its throw-away folder only.
FAULTS_WITHOUT = (
    env.text("CONTROLROOM_FAULTS_WITHOUT", "") if (STATE_DIR / "faults-run").exists() else ""
)

# --- language, time ---------------------------------------------------------------------
LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", "한국어"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "controlroom" / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Seoul"

# --- API --------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "controlroom.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Control room agency API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Its default asks a validator on the internet.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "REDOC_DIST": "SIDECAR",
    # Fields of one name with other words in them: each set has a name of its own in the document.
    "ENUM_NAME_OVERRIDES": {
        "MessageTypeEnum": "linkage.choices.MessageType.values",
        "InboxResultEnum": "linkage.choices.InboxResult.values",
        "OutboxStateEnum": "linkage.choices.OutboxState.values",
        "IncidentResultEnum": "incidents.choices.Result.values",
    },
    "PREPROCESSING_HOOKS": ["linkage.api.schema.only_agency_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "linkage.api.schema.with_components",
    ],
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "linkage.scopes.LinkScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # RFC 9700, all of it; agencies use client credentials only.
    **{
        f"COMPLIANT_BCP_RFC9700_{rule}": True
        for rule in (
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "REDIRECT_URI_SCHEME",
            "REFRESH_TOKEN",
            "TOKEN_STORAGE",
        )
    },
}
LEAFLET_CONFIG = {
    "DEFAULT_CENTER": (36.35, 127.38),
    "DEFAULT_ZOOM": 12,
    # No tile server: the base map is the boundary drawn locally, so no request leaves.
    "TILES": [],
    "RESET_VIEW": False,
    # Hashed file names hide the folder of its pictures from Leaflet.
    "FORCE_IMAGE_PATH": True,
}

# --- log --------------------------------------------------------------------------------
LOG_LEVEL = env.text("CONTROLROOM_LOG_LEVEL", "INFO")
_LOG_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*_LOG_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
            "foreign_pre_chain": _LOG_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # httpx logs whole addresses, which may carry what must not be logged.
        "httpx": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # Writes a traceback every second while Redis is away; the doorbell says it once.
        "channels_redis.pubsub": {"level": "CRITICAL"},
    },
}
