"""Settings that hold everywhere; values come from the environment."""

from pathlib import Path
from typing import Any

import environ
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from backoffice.logs import logging_config, readable_renderers
from backoffice.settings.unfold import UNFOLD  # noqa: F401

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(env.str("BACKOFFICE_DATA_DIR", default=str(BASE_DIR / "var"))).absolute()

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "backoffice.desk.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_q",
    "import_export",
    "simple_history",
    "pgtrigger",
    "axes",
    "backoffice",
    "backoffice.changes",
    "backoffice.accounts",
    "backoffice.jobs",
    "backoffice.spreadsheets",
    "backoffice.jsonexport",
    "backoffice.notes",
    "backoffice.bulk",
    "backoffice.desk",
    "catalog",
    "customers",
    "orders",
    "reports",
]

MIDDLEWARE = [
    "backoffice.health.HealthMiddleware",
    "backoffice.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backoffice.changes.middleware.ChangeSetMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"

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
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default="postgresql:///backoffice")
    | {
        "ENGINE": "backoffice.changes.postgresql",
        "ATOMIC_REQUESTS": True,
        # Each web thread keeps its connection. A psycopg pool would be shared by the forks of the job worker.
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5} | DATABASES["default"].get("OPTIONS", {})

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # For the figures that clusters of jobs keep of themselves: the table of workers tells more, and better.
    "nowhere": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
# Without Redis each process has a cache of its own, which is no place for sessions.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "backoffice",
        # Redis holds nothing that matters: while it is away, the desk is slower and works.
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1, "IGNORE_EXCEPTIONS": True},
    }
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
SESSION_COOKIE_AGE = 12 * 60 * 60

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Ten wrong tries for one address of mail from one machine: a whole office is never locked out by one of its people.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "backoffice.accounts.sign_in.attempted_email"
AXES_CLIENT_IP_CALLABLE = "backoffice.accounts.sign_in.client_address"
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_VERBOSE = False
# The desk shows failed sign-ins in its own way.
AXES_ENABLE_ADMIN = False

# unfold's Alpine evaluates attributes as scripts and sets styles inline; no script stands inline.
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "font-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# A thousand selected rows, or an order of many lines, is a form like any other.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=200 * 1024 * 1024)
FILE_UPLOAD_HANDLERS = [
    "backoffice.uploads.LimitedUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

MAILERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="backoffice@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = "[Backoffice] "
ADMINS = env.list("ADMINS", default=[])
MANAGERS = ADMINS

DEFAULT_EXCEPTION_REPORTER_FILTER = "backoffice.errors.ReportFilter"
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(level=LOG_LEVEL, renderers=readable_renderers())

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["backoffice.formats"]
LANGUAGES = [("en-gb", _("English"))]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = DATA_DIR / "files"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Of the clusters only the queue is used: `backoffice.jobs` decides what runs, and how often. A system check keeps
# these values sound. `retry` is how long a message stays hidden once a cluster took it, in seconds. What may take
# longer than ten minutes runs on the cluster `long`, so that it holds up nothing else.
JOB_WORKERS = env.int("JOB_WORKERS", default=2)
JOB_LONG_WORKERS = env.int("JOB_LONG_WORKERS", default=2)
Q_CLUSTER = {
    "name": "backoffice",
    "cluster_name": "default",
    "ALT_CLUSTERS": {"long": {"workers": JOB_LONG_WORKERS, "queue_limit": JOB_LONG_WORKERS}},
    "scheduler": False,
    "cache": "nowhere",
    "orm": "default",
    "broker_class": "backoffice.jobs.broker.Broker",
    "poll": 0.1,
    "workers": JOB_WORKERS,
    "queue_limit": JOB_WORKERS,
    "bulk": 1,
    "timeout": 600,
    "retry": 15000,
    "max_attempts": 3,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 1000,
    "max_rss": 200_000,
    "label": "Queue",
}
# A worker that gives no sign of life for so long loses its job to another.
JOBS_LEASE_SECONDS = 30
JOBS_HEARTBEAT_SECONDS = 2
# How often `run_worker` enqueues what is due, looks for lost jobs, and asks each cluster for a sign of life.
JOBS_TICK_SECONDS = 60
# A cluster that is idle and leaves its canary unanswered for so long is started again.
JOBS_CANARY_SECONDS = 90
# A message that was sent so long ago and is gone, with its job still waiting, is sent again.
JOBS_ORPHAN_SECONDS = 120
# How long jobs may go on once the worker is asked to stop; what is not done by then is tried again later.
JOBS_STOP_SECONDS = env.int("JOBS_STOP_SECONDS", default=10)
# Which row of the table of workers a cluster reports to: `run_worker` tells each one that it starts.
JOBS_WORKER = env.str("BACKOFFICE_WORKER", default="00000000-0000-0000-0000-000000000000")

# What `/export/v1/` offers: each app declares its own.
JSON_EXPORTS = ["catalog.exports.PRODUCTS", "customers.exports.CUSTOMERS", "orders.exports.ORDERS"]
JSON_EXPORT_REQUESTS_PER_MINUTE = env.int("JSON_EXPORT_REQUESTS_PER_MINUTE", default=120)
# How long a statement may search before it writes its first row; readers get the changes of so long again.
JSON_EXPORT_OVERLAP_SECONDS = 60

# Whether `manage.py run` may make sign-ins with known passwords.
DEMO_SIGN_INS = False

# What the badge in the header says: local, staging or production.
ENVIRONMENT = env.str("ENVIRONMENT", default="local")
CURRENCY = env.str("CURRENCY", default="GBP")
# The month with which quarters, half-years and years of reports begin.
FISCAL_YEAR_START_MONTH = env.int("FISCAL_YEAR_START_MONTH", default=1)

# Files of reports are deleted after so many days; the runs stay, with figures and checksum.
REPORT_KEEP_DAYS = env.int("REPORT_KEEP_DAYS", default=90)
# Where colleagues open the desk: links in mails begin with it.
DESK_URL = env.str("DESK_URL", default="http://localhost:8000")
# A larger file stays on the desk; the mail has a link.
MAIL_ATTACHMENT_BYTES = 5 * 1024 * 1024
# After so many days an order that waits is late, unless whoever runs the report says otherwise.
REPORT_SLA_DAYS = {"unpaid": 3, "to_ship": 2, "on_hold": 2}
# What a page waits for; a report that takes longer, or has more rows, runs as a job.
REPORT_PAGE_SECONDS = 5
REPORT_PAGE_ROWS = 500
REPORT_INLINE_ROWS = 20_000
# So many rows of a run are compared with those of the run before.
REPORT_COMPARED_ROWS = 100_000

# Where the newest seal of the history is written each minute: on another disk than the database, if there is one.
HISTORY_HEADS_FILE = env.str("HISTORY_HEADS_FILE", default=str(DATA_DIR / "history-heads.log"))
# What stands in the timeline of a row, beside its changes and notes; apps add to rows of apps below them.
TIMELINES = {
    "catalog.product": ["catalog.timeline.Movements"],
    "customers.customer": ["orders.timeline.EventsOfCustomer"],
    "orders.order": ["orders.timeline.EventsOfOrder"],
}
# What is not changed, nor done, on a page without saying why: fields and actions of each model.
REASONS_REQUIRED = {
    "catalog.product": {"fields": ["price", "status"], "actions": ["adjust", "archive", "count"]},
    "customers.customer": {"fields": [], "actions": ["block"]},
    "orders.order": {"fields": [], "actions": ["cancel", "hold", "refund"]},
}
# Work on many rows: so many at once at most; more than this are worked on in the background, so many a transaction.
# A preview that nobody confirmed in time is forgotten.
BULK_ROWS_MOST = 50_000
BULK_PAGE_ROWS = 200
BULK_BATCH_ROWS = {"edit": 2_000, "action": 50}
BULK_PLAN_MINUTES = 60
# What wants a second word before it runs: more rows than this, a price that changes by more per cent, a price of zero.
BULK_GUARDS = {"rows": 1_000, "price_percent": 30}
# How long versions are kept, for `manage.py prune_history`: model and days. What is not named is kept for ever.
HISTORY_KEEP_DAYS: dict[str, int] = {"customers.customer": 3650, "customers.address": 3650}
SIMPLE_HISTORY_DATE_INDEX = False
SIMPLE_HISTORY_REVERT_DISABLED = True
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"

# The largest spreadsheet that is read, refused before it is parsed: sizes in bytes, the length of a cell in characters
# (as many as Excel holds).
SPREADSHEET_LIMITS = {
    "bytes": MAX_UPLOAD_BYTES,
    "unzipped_bytes": env.int("SPREADSHEET_UNZIPPED_BYTES", default=1024**3),
    "ratio": env.int("SPREADSHEET_RATIO", default=200),
    "members": 10_000,
    "rows": env.int("SPREADSHEET_ROWS", default=2_000_000),
    "columns": env.int("SPREADSHEET_COLUMNS", default=500),
    "cell_length": 32_767,
}
# What the process that reads XLS files may take; one that needs more is refused.
SPREADSHEET_READER = {"memory_bytes": 768 * 1024**2, "seconds": 60}
# A file that unpacks to more is checked and applied by a job while the page waits for nothing.
SPREADSHEET_PAGE_BYTES = 2_000_000
# An import that nobody confirmed is cancelled after so long; its file stays.
SPREADSHEET_WAITING_DAYS = 7
# The place whose folders are watched for spreadsheets, each by the profile that names it: a folder or a bucket, as
# `spreadsheets.places` says; empty: none is. A file is taken once it has stayed the same for so long.
SPREADSHEET_WATCH_FOLDER = env.str("SPREADSHEET_WATCH_FOLDER", default="")
SPREADSHEET_WATCH_SETTLE_SECONDS = 30
# The mailbox whose unread mail is looked through for spreadsheets, as `spreadsheets.mailboxes` says; empty: none is.
# A message of more bytes is refused before it is fetched; it is held in memory, and attachments grow by a third.
SPREADSHEET_MAILBOX = env.str("SPREADSHEET_MAILBOX", default="")
SPREADSHEET_MAIL_BYTES = 40 * 1024 * 1024
# Limits of the guard rails of imports, where the code's do not fit: {"products.price_jump": {"limit": 80}}.
SPREADSHEET_GUARDS: dict[str, dict[str, int]] = {}

# An export of more rows is made in the background; each is kept for its owner for so many days.
EXPORT_PAGE_ROWS = env.int("EXPORT_PAGE_ROWS", default=50_000)
EXPORT_KEEP_DAYS = env.int("EXPORT_KEEP_DAYS", default=7)
# The place in whose folders exports may be put, a folder or a bucket; empty: there is none.
EXPORT_FOLDER = env.str("EXPORT_FOLDER", default="")

# The kinds of spreadsheet, for imports and exports: name and import-export resource.
SPREADSHEET_RESOURCES = {
    "products": "catalog.resources.ProductResource",
    "prices": "catalog.resources.PriceResource",
    "product-tags": "catalog.resources.ProductTagResource",
    "categories": "catalog.resources.CategoryResource",
    "stock-count": "catalog.resources.StockCountResource",
    "stock-receipt": "catalog.resources.StockReceiptResource",
    "customers": "customers.resources.CustomerResource",
    "customer-tags": "customers.resources.CustomerTagResource",
    "addresses": "customers.resources.AddressResource",
    "orders": "orders.resources.OrderResource",
    "order-tags": "orders.resources.OrderTagResource",
    "payments": "orders.resources.PaymentResource",
    "shipments": "orders.resources.ShipmentResource",
}
