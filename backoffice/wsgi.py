"""WSGI entry point for gunicorn."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.production")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    raise SystemExit(str(error)) from None
