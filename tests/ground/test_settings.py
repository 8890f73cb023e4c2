"""Production's settings: nothing is guessed, and nothing missing is found out one at a time."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

from tests.ground.desks import MANAGE, clean_environment

REQUIRED = {
    "SECRET_KEY": "a-long-random-text-that-is-only-for-this-test-0123456789",
    "ALLOWED_HOSTS": "desk.example.com",
    "DATABASE_URL": "postgresql://desk:secret@db.example.com/desk",
    "REDIS_URL": "redis://cache.example.com/0",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example.com:587",
    "DEFAULT_FROM_EMAIL": "desk@example.com",
}
SHOW = """
import json, sys
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))
"""

COLLECT = """
import sys
import django
from django.core.management import call_command
from django.test import override_settings
django.setup()
with override_settings(STATIC_ROOT=sys.argv[1]):
    call_command("collectstatic", interactive=False, verbosity=0)
"""


def in_production(script, *words, **environment):
    """Return what a script says under production's settings and an environment."""
    return subprocess.run(
        [sys.executable, "-c", script, *words],
        env=clean_environment(DJANGO_SETTINGS_MODULE="backoffice.settings.production", **REQUIRED | environment),
        capture_output=True,
        text=True,
        check=True,
        cwd=settings.BASE_DIR,
    ).stdout


def production(*names, **environment):
    """Return the values that production's settings have under an environment."""
    return json.loads(in_production(SHOW, *names, **environment))


def started_without(*names):
    """Return what is said when production starts without some variables."""
    environment = {name: value for name, value in REQUIRED.items() if name not in names}
    environment = clean_environment(DJANGO_SETTINGS_MODULE="backoffice.settings.production", **environment)
    return subprocess.run([*MANAGE, "check"], env=environment, capture_output=True, text=True, check=False)


def test_everything_missing_is_named_at_once():
    result = started_without(*REQUIRED)
    assert result.returncode == 1
    assert [name for name in REQUIRED if name not in result.stderr] == []
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", REQUIRED)
def test_one_missing_variable_is_the_only_one_named(name):
    said = started_without(name).stderr
    assert [other for other in REQUIRED if f"{other} (" in said] == [name]


def test_gunicorn_says_what_is_missing_and_ends():
    environment = clean_environment(BIND="127.0.0.1:0")
    command = [sys.executable, "-m", "gunicorn", "--config", "python:backoffice.gunicorn_conf", "backoffice.wsgi"]
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60, cwd=settings.BASE_DIR
    )
    assert result.returncode
    assert "Set these in the environment: SECRET_KEY" in result.stderr
    assert "Traceback" not in result.stderr


def test_production_ships_no_way_in():
    assert production("DEBUG", "DEMO_SIGN_INS") == {"DEBUG": False, "DEMO_SIGN_INS": False}


def test_a_forwarded_protocol_is_believed_only_behind_a_proxy():
    assert production("SECURE_PROXY_SSL_HEADER")["SECURE_PROXY_SSL_HEADER"] is None
    assert production("SECURE_PROXY_SSL_HEADER", PROXY_COUNT="1")["SECURE_PROXY_SSL_HEADER"] is not None


def test_the_mail_address_becomes_a_mailer():
    options = production("MAILERS")["MAILERS"]["default"]["OPTIONS"]
    assert (options["host"], options["port"], options["use_tls"]) == ("mail.example.com", 587, True)


def test_sessions_are_kept_in_redis_and_the_database():
    assert production("SESSION_ENGINE")["SESSION_ENGINE"].endswith("cached_db")


def test_collected_static_files_are_readable_by_whoever_serves_them(tmp_path):
    in_production(COLLECT, str(tmp_path / "static"))
    collected = [tmp_path / "static", *(tmp_path / "static").rglob("*")]
    assert len(collected) > 100
    assert [path for path in collected if path.stat().st_mode & 0o004 == 0] == []
