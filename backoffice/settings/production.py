"""Settings of production: everything that matters must be named by the environment."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from backoffice.logs import json_renderers, logging_config
from backoffice.settings.base import *  # noqa: F403
from backoffice.settings.base import LOG_LEVEL, PROXY_COUNT, env

REQUIRED = {
    "SECRET_KEY": "a long random text",
    "ALLOWED_HOSTS": "the host names people type, separated by commas",
    "DATABASE_URL": "postgresql://user:password@host:5432/database",
    "REDIS_URL": "redis://host:6379/0",
    "EMAIL_URL": "smtp+tls://user:password@host:587",
    "DEFAULT_FROM_EMAIL": "the sender of reports and alarms",
}
missing = [f"{name} ({meaning})" for name, meaning in REQUIRED.items() if not env.str(name, default="").strip()]
if missing:
    raise ImproperlyConfigured(f"Backoffice cannot start. Set these in the environment: {'; '.join(missing)}.")

SECRET_KEY = env.str("SECRET_KEY")
ENVIRONMENT = env.str("ENVIRONMENT", default="production")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])


def mailer_from(url: str) -> dict[str, Any]:
    """Return the MAILERS entry that an address like `smtp+tls://user:password@host:587` stands for."""
    parts = Env.email_url_config(url)
    options = {
        "host": parts["EMAIL_HOST"],
        "port": parts["EMAIL_PORT"],
        "username": parts["EMAIL_HOST_USER"],
        "password": parts["EMAIL_HOST_PASSWORD"],
        "use_tls": parts.get("EMAIL_USE_TLS"),
        "use_ssl": parts.get("EMAIL_USE_SSL"),
        "timeout": 10,
    }
    is_smtp = parts["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    return {"BACKEND": parts["EMAIL_BACKEND"], "OPTIONS": options if is_smtp else {}}


MAILERS = {"default": mailer_from(env.str("EMAIL_URL"))}

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 60 * 60)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"

# Only a proxy of ours may say how a request came in: without one the header is anybody's to write.
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Whoever builds the image collects them, another user serves them; what people upload stays the server's alone.
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}

LOGGING = logging_config(level=LOG_LEVEL, renderers=json_renderers())

SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # other hosts below the domain are not this project's to force to HTTPS
    "security.W021",  # nor is putting the domain on the browsers' preload list
]
