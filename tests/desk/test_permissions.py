"""Who gets in where: every address of the site, every action, for each role, by GET and by POST."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver, resolve
from pytest_django import DjangoDbBlocker

from backoffice.accounts.models import User
from backoffice.accounts.roles import ROLES
from backoffice.accounts.services import grant_role, issue_token
from backoffice.bulk.services import token_for
from backoffice.jsonexport.registry import all_exports
from backoffice.spreadsheets.registry import resource_names
from reports.catalogue import REPORTS
from tests.desk import matrix, world
from tests.desk.matrix import SCREENS, STAFF, VISITOR, WHO, Page

pytestmark = pytest.mark.django_db
# Signing in and out is no work on the desk.
SIGNING_IN = ("django_session", "axes_accessattempt", "axes_accesslog", "axes_accessfailurelog")


class Browser:
    """Somebody who asks the desk, checked for forged requests as in life; each request is undone again."""

    def __init__(self, user: User | None) -> None:
        self.client = Client(enforce_csrf_checks=True)
        if user:
            self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.client.get("/password_change/" if user else "/login/")
        self.cookies = self.client.cookies.output(header="", sep=";")

    def get(self, url: str) -> tuple[Any, bool]:
        return self.ask(lambda: self.client.get(url))

    def post(self, url: str, data: Any, *, token: bool = True) -> tuple[Any, bool]:
        headers = {"X-CSRFToken": self.client.cookies["csrftoken"].value} if token else {}
        return self.ask(lambda: self.client.post(url, data, headers=headers))

    def ask(self, request: Callable[[], Any]) -> tuple[Any, bool]:
        """Return the response, and whether any table was written to."""
        with transaction.atomic():
            before = rows_written()
            response = request()
            b"".join(response) if response.streaming else response.content  # read to its end, which closes it
            wrote = rows_written() != before
            transaction.set_rollback(True)
        self.client.cookies = SimpleCookie(self.cookies)
        return response, wrote


def rows_written() -> list[Any]:
    """Return how many rows of each table this transaction wrote so far, taken back ones among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND relname <> ALL(%s) ORDER BY 1",
            [list(SIGNING_IN)],
        )
        return cursor.fetchall()


@dataclass(frozen=True)
class World:
    """Everybody there is, and the desk as each of them finds it."""

    people: Mapping[str, User]
    pages: Mapping[str, list[Page]]
    ready: Mapping[tuple[str, str], tuple[Any, Mapping[str, Any]]]

    def browser(self, who: str) -> Browser:
        return Browser(None if who == VISITOR else self.people[who])


@pytest.fixture(scope="module")
def desk(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Make the world once for all tests of this module; the transaction around them is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        people = {who: person(who) for who in WHO}
        rows, ready = world.rows_shown(), world.rows_ready()
        pages = {who: list(all_pages(people[who], rows, ready)) for who in WHO}
        yield World(people, pages, ready)
        transaction.set_rollback(True)


def person(who: str) -> User:
    """Return a member of staff with a role, or with none."""
    user = User.objects.create_user(f"{who.lower().replace(' ', '.')}@example.com", name=who)
    if who in ROLES:
        grant_role(user=user, role=who)
    return user


def all_pages(owner: User, rows: Mapping[str, Any], ready: Mapping[Any, Any]) -> Iterator[Page]:
    """Yield every page of the desk; runs and imports, which are personal, are `owner`'s."""
    world.report_run(owner)  # what the next one is compared with
    own = {
        "reports.reportrun": world.report_run(owner),
        "spreadsheets.importjob": world.checked_import(owner, "products"),
        "spreadsheets.exportfile": world.export_file(owner),
        "spreadsheets.exporttemplate": world.export_template(owner),
    }
    yield from matrix.site_pages()
    yield from matrix.report_pages(own["reports.reportrun"])
    yield from matrix.import_pages(own["spreadsheets.importjob"])
    yield from matrix.import_pages(world.checked_import(owner, "stock-count"))
    yield from matrix.file_pages(own["spreadsheets.exportfile"])
    yield from matrix.change_set_pages(rows["changes.changeset"])
    yield from matrix.job_pages(rows["jobs.job"])
    preview = world.bulk_preview(owner)
    yield from matrix.bulk_pages(preview, token_for(preview, owner))
    for label, screen in SCREENS.items():
        yield from matrix.pages_of(label, screen, (rows | own)[label])
    for (label, name), (row, data) in ready.items():
        yield matrix.action_page(label, name, row, data)


def unexpected(answers: Iterable[tuple[str, tuple[Any, bool], tuple[int, bool]]]) -> list[str]:
    """Return what answered otherwise than it should: by its status, or by what it wrote."""
    return [
        f"{url}: {response.status_code}{' and wrote' * wrote}, not {expected}"
        for url, (response, wrote), expected in answers
        if (response.status_code, wrote) != expected
    ]


def routes(patterns: Any, prefix: str = "") -> Iterator[str]:
    """Yield the route of every address below `patterns`, as a match tells it."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def test_every_address_of_the_site_is_in_the_matrix(desk: World) -> None:
    known = {resolve(page.url.partition("?")[0]).route.removeprefix("^") for page in desk.pages[VISITOR]}
    assert set(routes(get_resolver().url_patterns)) == known


def test_every_screen_and_action_is_in_the_matrix() -> None:
    desks = {model._meta.label_lower: desk for model, desk in admin.site._registry.items()}
    assert set(desks) == set(SCREENS)
    there = {(label, name) for label, desk in desks.items() for name in desk.desk_actions}
    assert there == {(label, name) for label, screen in SCREENS.items() for name in screen.actions} == set(world.READY)


def test_every_report_import_and_export_is_in_the_matrix() -> None:
    assert set(REPORTS) == set(matrix.REPORTS)
    assert set(resource_names()) == set(matrix.IMPORTS)
    assert set(all_exports()) == set(matrix.EXPORTS)
    sheets = {model._meta.label_lower: desk.spreadsheets for model, desk in admin.site._registry.items()}
    assert {label: set(names) for label, names in sheets.items() if names} == {
        label: set(names) for label, names in matrix.SHEETS.items()
    }


@pytest.mark.parametrize("who", WHO)
def test_each_page_is_shown_to_those_who_may_see_it_and_writes_nothing(who: str, desk: World) -> None:
    browser = desk.browser(who)
    assert not unexpected((page.url, browser.get(page.url), page.get.to(who)) for page in desk.pages[who])


@pytest.mark.parametrize("who", WHO)
def test_each_post_does_its_work_for_those_who_may_and_nothing_for_others(who: str, desk: World) -> None:
    browser = desk.browser(who)
    assert not unexpected((page.url, browser.post(page.url, page.data), page.post.to(who)) for page in desk.pages[who])


@pytest.mark.parametrize("who", [VISITOR, "Administrator"])
def test_no_post_works_without_its_token(who: str, desk: World) -> None:
    browser = desk.browser(who)
    pages = [page for page in desk.pages[who] if not page.url.startswith("/export/")]  # takes no POST at all
    forged = ((page.url, browser.post(page.url, page.data, token=False), (403, False)) for page in pages)
    assert not unexpected(forged)


@pytest.mark.parametrize("who", sorted(STAFF))
def test_a_row_offers_those_actions_that_one_may_do(who: str, desk: World, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = desk.people[who]
    for (label, name), (row, _data) in desk.ready.items():
        buttons = admin.site.get_model_admin(type(row)).buttons_of(request, row)
        offered = {button.action.name for button in buttons if not button.refusal}
        assert (label, name, name in offered) == (label, name, who in SCREENS[label].actions[name])


@pytest.mark.parametrize("who", sorted(STAFF))
def test_a_list_offers_and_plans_those_actions_that_one_may_do(who: str, desk: World) -> None:
    browser = desk.browser(who)
    for label, screen in SCREENS.items():
        url, page = f"/{label.replace('.', '/')}/", ""
        for name, may in screen.actions.items():
            row, data = desk.ready[label, name]
            if not getattr(admin.site.get_model_admin(type(row)), name).desk_action.on_list:
                continue
            page = page or browser.get(url)[0].content.decode()
            posted = {"action": name, "index": 0, "_selected_action": [row.pk], "confirmed": 1}
            _response, wrote = browser.post(url, posted | data)
            assert (label, name, f'"action": "{name}"' in page, wrote) == (label, name, who in may, who in may)


@pytest.mark.parametrize("who", sorted(STAFF))
def test_a_list_lets_those_edit_many_rows_who_may_change_one(who: str, desk: World) -> None:
    browser = desk.browser(who)
    changed = {label for label, screen in SCREENS.items() if screen.changes}
    single = {"reports.reportschedule", "spreadsheets.importprofile"}
    single |= {"spreadsheets.exporttemplate", "spreadsheets.exportschedule"}
    assert set(matrix.EDITED) == changed - single
    for label in single & {label for label, screen in SCREENS.items() if who in screen.sees}:
        assert 'value="edit_many"' not in browser.get(f"/{label.replace('.', '/')}/")[0].content.decode()
    for label, (field, value) in matrix.EDITED.items():
        url, may = f"/{label.replace('.', '/')}/", who in SCREENS[label].changes
        posted = {"action": "edit_many", "index": 0, "select_across": 1, "_selected_action": [1], "confirmed": 1}
        page = browser.get(url)[0].content.decode()
        _response, wrote = browser.post(url, posted | {f"do-{field}": "set", f"value-{field}": value})
        assert (label, 'value="edit_many"' in page, wrote) == (label, may, may)


@pytest.mark.parametrize("who", sorted(ROLES))
def test_a_token_of_the_export_opens_what_its_owner_may_export(who: str, desk: World) -> None:
    _token, secret = issue_token(owner=desk.people[who], name="ERP", scopes=list(matrix.EXPORTS))
    headers = {"Authorization": f"Bearer {secret}"}
    found = {name: Client().get(f"/export/v1/{name}.json", headers=headers).status_code for name in matrix.EXPORTS}
    assert found == {name: 200 if who in may else 403 for name, may in matrix.EXPORTS.items()}


@pytest.mark.parametrize("who", sorted(ROLES))
def test_each_role_is_offered_its_own_kinds_of_import(who: str, desk: World) -> None:
    page, _wrote = desk.browser(who).get("/spreadsheets/importjob/add/")
    offered = {kind for kind in matrix.IMPORTS if f'value="{kind}"' in page.content.decode()}
    assert offered == {kind for kind, may in matrix.IMPORTS.items() if who in may}
