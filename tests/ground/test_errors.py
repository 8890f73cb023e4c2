"""What people see when something fails: a sentence, never a traceback."""

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.test import Client
from django.urls import path
from django.views.debug import get_default_exception_reporter_filter

from backoffice.errors import database_is_away


def fails(request):
    raise ZeroDivisionError


def denies(request):
    raise PermissionDenied("Refunds are for managers.")


def suspects(request):
    raise SuspiciousOperation


def loses_the_database(request):
    raise OperationalError from psycopg.OperationalError("connection refused")


def reads_form(request):
    return request.POST["anything"]


handler400 = "backoffice.errors.bad_request"
handler500 = "backoffice.errors.server_error"
urlpatterns = [path(view.__name__, view) for view in (fails, denies, suspects, loses_the_database, reads_form)]


@pytest.fixture
def page(settings, db):
    """Return a function that gives status and text of one of the pages above."""
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)

    def get(name, **post):
        response = (
            client.post(f"/{name}", post) if post else client.get(f"/{name}", headers={"X-Request-ID": "r-123456789"})
        )
        return response.status_code, response.content.decode()

    return get


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("fails", 500, "Something failed on our side"),
        ("denies", 403, "Refunds are for managers."),
        ("suspects", 400, "The desk could not read this request"),
        ("loses_the_database", 503, "The database does not answer"),
        ("no_such_page", 404, "There is nothing at this address"),
    ],
)
def test_each_failure_has_its_page(page, name, status, sentence):
    assert page(name)[0] == status
    assert sentence in page(name)[1]


@pytest.mark.parametrize("name", ["fails", "loses_the_database"])
def test_a_failure_on_our_side_gives_the_number_to_report(page, name):
    assert "r-123456789" in page(name)[1]


def test_too_many_fields_say_so(page, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    status, text = page("reads_form", a=1, b=2, c=3)
    assert status == 413
    assert "More was sent than the desk takes at once" in text


def test_an_upload_over_the_limit_is_refused(page, settings):
    settings.MAX_UPLOAD_BYTES = 100
    status, text = page("reads_form", file="x" * 200)
    assert status == 413
    assert "send a smaller file" in text


def test_a_form_without_its_token_is_explained():
    response = Client(enforce_csrf_checks=True).post("/login/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert "This form is too old to be saved" in response.content.decode()


def test_a_deadlock_is_no_missing_database():
    error = OperationalError()
    error.__cause__ = psycopg.errors.DeadlockDetected()
    assert not database_is_away(error)


@pytest.mark.django_db(transaction=True)
def test_a_terminated_connection_is_a_missing_database():
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
    assert database_is_away(caught.value)


@pytest.mark.parametrize("name", ["SPREADSHEET_WATCH_FOLDER", "EXPORT_FOLDER", "SPREADSHEET_MAILBOX", "REDIS_URL"])
def test_reports_of_errors_leave_out_addresses_with_passwords(settings, name):
    setattr(settings, name, "s3://key:sEcret@host/bucket")
    assert "sEcret" not in str(get_default_exception_reporter_filter().get_safe_settings())
