"""Reports on the desk: what the pages show, and to whom."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.jobs.models import Job
from reports.catalogue import REPORTS
from reports.catalogue.base import Sql
from reports.catalogue.stock_value import StockValue
from reports.models import ReportRun
from reports.services import run_report
from tests.factories import make_customer, make_product
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db
ALL_TIME = {"period": "all_time"}
# Inside a test a request's transaction is a savepoint, made and released.
SAVEPOINT = 2


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    """Keep the files of this test apart."""
    settings.MEDIA_ROOT = tmp_path


def page(slug: str) -> str:
    return reverse("admin:reports_report", args=[slug])


def download_status(client: Any, run: ReportRun) -> int:
    """Return how a download is answered."""
    response = client.get(run.download_url)
    response.close()
    return int(response.status_code)


def run_by(user: Any, **asked: Any) -> ReportRun:
    return run_report(**{"report": "sales-by-month", "given": ALL_TIME, "file_format": "json", "actor": user} | asked)


def test_the_catalogue_lists_what_the_role_may_run(viewer: Any, manager: Any, signed_in: Any) -> None:
    address = reverse("admin:reports_catalogue")

    assert "Top customers" not in signed_in(viewer).get(address).content.decode()
    assert "Top customers" in signed_in(manager).get(address).content.decode()


def test_a_report_shows_its_figures_and_totals(viewer: Any, signed_in: Any) -> None:
    make_sale("2026-10-05T10:00Z", (2000, "1.5"), (1, "0.001"))

    content = signed_in(viewer).get(page("sales-by-month"), ALL_TIME).content.decode()

    assert "October 2026" in content
    assert content.count("3,000.001") == 2


def test_a_report_of_nothing_says_so(viewer: Any, signed_in: Any) -> None:
    content = signed_in(viewer).get(page("stock-value")).content.decode()

    assert "Nothing is on hand." in content


def test_wrong_parameters_are_named_beside_their_fields(viewer: Any, signed_in: Any) -> None:
    content = signed_in(viewer).get(page("sales-by-month"), {"period": "custom"}).content.decode()

    assert "Give the date that the period begins with" in content
    assert "<tfoot>" not in content


def test_an_unknown_parameter_is_named(viewer: Any, signed_in: Any) -> None:
    content = signed_in(viewer).get(page("sales-by-month"), {"colour": "red"}, follow=True).content.decode()

    assert "This report has no parameter colour." in content


def test_a_chart_carries_its_figures_without_a_script(viewer: Any, signed_in: Any) -> None:
    make_sale("2026-09-05T10:00Z", (1, "5"))
    make_sale("2026-10-05T10:00Z", (1, "7"))

    content = signed_in(viewer).get(page("sales-by-month"), ALL_TIME).content.decode()

    assert "&quot;data&quot;:[&quot;5.00&quot;,&quot;7.00&quot;]" in content


@pytest.mark.parametrize("slug", REPORTS)
def test_every_report_opens_for_a_manager_within_its_queries(
    slug: str, manager: Any, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_product(on_hand=1)
        make_sale("2026-10-05T10:00Z", (1, "5"), customer=make_customer(), country=f"Land {number}")
    client = signed_in(manager)

    with django_assert_max_num_queries(14):
        response = client.get(page(slug))

    assert response.status_code == 200


def test_an_unknown_report_is_not_found(manager: Any, signed_in: Any) -> None:
    assert signed_in(manager).get(page("sales")).status_code == 404


def test_a_report_with_personal_data_is_closed_to_a_viewer(viewer: Any, signed_in: Any) -> None:
    response = signed_in(viewer).get(page("top-customers"))

    assert response.status_code == 403
    assert "You may not run the report “Top customers”." in response.content.decode()


def test_downloading_leaves_a_run_and_hands_out_its_file(viewer: Any, signed_in: Any) -> None:
    response = signed_in(viewer).post(page("sales-by-month"), {**ALL_TIME, "format": "json"}, follow=True)

    run = ReportRun.objects.get()
    assert run.requested_by == viewer
    assert response["Content-Disposition"] == f'attachment; filename="{run.filename}"'
    assert b"".join(response.streaming_content) == run.path.read_bytes()
    response.close()


def test_an_unknown_format_is_refused_with_a_sentence(viewer: Any, signed_in: Any) -> None:
    response = signed_in(viewer).post(page("stock-value"), {"format": "pdf"}, follow=True)

    assert "There is no format “pdf”." in response.content.decode()
    assert not ReportRun.objects.exists()


def test_a_large_report_becomes_a_job(viewer: Any, signed_in: Any, settings: Any) -> None:
    settings.REPORT_INLINE_ROWS = 1
    make_product(on_hand=1)
    make_product(on_hand=1)

    response = signed_in(viewer).post(page("stock-value"), {"format": "json"})

    run = ReportRun.objects.get()
    assert response.url == reverse("admin:reports_reportrun_change", args=[run.pk])
    assert (run.state, Job.objects.get().args) == ("queued", {"run": run.pk})


class SlowReport(StockValue):
    """A report that takes its time."""

    slug = "slow"

    def query(self, question: Any) -> Sql:
        return Sql("SELECT pg_sleep(5)", {})


def test_a_slow_report_offers_to_run_in_the_background(
    viewer: Any, signed_in: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REPORT_PAGE_SECONDS = 0.05
    monkeypatch.setitem(REPORTS, "slow", SlowReport())

    content = signed_in(viewer).get(page("slow")).content.decode()

    assert "This takes longer than a page should wait." in content


def test_a_download_needs_a_sign_in(viewer: Any, client: Any) -> None:
    assert download_status(client, run_by(viewer)) == 302


def test_somebody_elses_file_is_closed(viewer: Any, operator: Any, signed_in: Any) -> None:
    response = signed_in(operator).get(run_by(viewer).download_url)

    assert response.status_code == 403
    assert "Somebody else ran this report." in response.content.decode()


def test_a_manager_gets_the_files_of_others(viewer: Any, manager: Any, signed_in: Any) -> None:
    assert download_status(signed_in(manager), run_by(viewer)) == 200


def test_ones_own_file_closes_when_the_right_is_gone(manager: Any, signed_in: Any) -> None:
    run = run_by(manager, report="top-customers")
    manager.memberships.all().delete()

    assert download_status(signed_in(manager), run) == 403


def test_a_file_that_expired_is_gone(viewer: Any, signed_in: Any) -> None:
    run = run_by(viewer)
    ReportRun.objects.filter(pk=run.pk).update(expires_at=timezone.now() - timedelta(days=1))

    response = signed_in(viewer).get(run.download_url)

    assert response.status_code == 410
    assert "This file is no longer kept" in response.content.decode()


def test_a_run_without_a_file_yet_is_not_found(viewer: Any, signed_in: Any) -> None:
    run = run_by(viewer)
    ReportRun.objects.filter(pk=run.pk).update(state="running")

    assert download_status(signed_in(viewer), run) == 404


def test_a_run_that_never_was_is_not_found(viewer: Any, signed_in: Any) -> None:
    assert signed_in(viewer).get(reverse("admin:reports_reportrun_download", args=[1])).status_code == 404


def test_a_viewer_sees_ones_own_runs_only(viewer: Any, manager: Any, signed_in: Any) -> None:
    run_by(manager)
    address = reverse("admin:reports_reportrun_changelist")

    assert "Sales by month" not in signed_in(viewer).get(address).content.decode().partition("<main")[2]
    run_by(viewer)
    assert "0 bytes" not in signed_in(viewer).get(address).content.decode()


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_of_runs_takes_few_queries(
    count: int, manager: Any, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    for _number in range(count):
        run_by(manager)
    client = signed_in(manager)

    with django_assert_max_num_queries(8 + SAVEPOINT):
        client.get(reverse("admin:reports_reportrun_changelist"))


def test_a_run_shows_what_it_was(manager: Any, signed_in: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"))
    run = run_by(manager, given={"date_from": "2026-10-01", "date_to": "2026-10-31"})

    content = signed_in(manager).get(reverse("admin:reports_reportrun_change", args=[run.pk])).content.decode()

    assert "1 Oct 2026 to 31 Oct 2026" in content
    assert run.sha256 in content
    assert "<strong>5.00</strong>" in content


def test_a_run_is_not_written_by_a_form(administrator: Any, signed_in: Any) -> None:
    address = reverse("admin:reports_reportrun_changelist") + "add/"

    assert signed_in(administrator).get(address).status_code == 403


def test_a_run_has_no_link_to_a_history_it_does_not_have(manager: Any, signed_in: Any) -> None:
    address = reverse("admin:reports_reportrun_change", args=[run_by(manager).pk])

    assert f"{address.removesuffix('change/')}history/" not in signed_in(manager).get(address).content.decode()


def opened_orders(client: Any, slug: str) -> list[tuple[int, int]]:
    """Return for each row of a sales report how many orders it counts, and how many its link opens."""
    content = client.get(page(slug), ALL_TIME).context
    return [
        (row[1] + row[2], client.get(cells[0].url).context["cl"].count.number)
        for row, cells in zip(content["shown"].raw_rows, content["shown"].rows, strict=True)
    ]


@pytest.mark.parametrize("slug", ["sales-by-month", "sales-by-country"])
def test_a_figure_opens_exactly_its_orders(slug: str, manager: Any, signed_in: Any) -> None:
    for country in ("", "Spain", "Spain & Portugal"):
        make_sale("2026-09-30T23:59Z", (1, "5"), country=country)
        make_sale("2026-10-05T10:00Z", (-1, "5"), country=country)
    make_sale("2026-10-05T10:00Z", (1, "5"), country="Spain", status="cancelled")
    make_sale("2026-10-05T10:00Z", (1, "5"), country="Spain", currency="EUR")

    pairs = opened_orders(signed_in(manager), slug)

    assert sum(counted for counted, _opened in pairs) == 6
    assert all(counted == opened for counted, opened in pairs)


def test_a_row_opens_its_product_and_its_customer(manager: Any, signed_in: Any) -> None:
    product, buyer = make_product(sku="A-1", on_hand=1), make_customer(number="C7")
    make_sale("2026-10-05T10:00Z", (1, "5"), customer=buyer)
    client = signed_in(manager)

    for slug, given, record in (("stock-value", {}, product), ("top-customers", ALL_TIME, buyer)):
        url = client.get(page(slug), given).context["shown"].rows[0][0].url
        assert client.get(url).context["original"] == record
