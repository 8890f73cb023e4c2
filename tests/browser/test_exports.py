"""What leaves the desk, in a real browser: a list under its filters, a template, and one that is exported by itself."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.spreadsheets.models import ExportFile, ExportSchedule
from catalog.models import Product
from tests.browser.conftest import Sit
from tests.factories import make_customer, make_product

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PRICED = ["SKU", "Name", "Price"]


@pytest.fixture(autouse=True)
def teas(settings: Any, tmp_path: Path) -> None:
    """Keep files apart; two teas are on sale, a rug is not."""
    settings.MEDIA_ROOT = tmp_path / "files"
    for sku, name, status in (("TEA-1", "Green tea", "active"), ("TEA-2", "=Tea", "active"), ("RUG-1", "Rug", "draft")):
        make_product(sku=sku, name=name, status=status, price=Decimal("2.5512"))


def open_export(tab: Page) -> None:
    """Filter the list of products by the desk's own filter, and choose to export it."""
    tab.goto("/catalog/product/")
    tab.locator("#searchbar").fill("tea*")
    tab.locator("#searchbar").press("Enter")
    tab.get_by_role("button", name="Spreadsheets").click()
    tab.get_by_role("link", name="Export…").click()
    expect(tab.get_by_text("2 products, as the list shows them")).to_be_visible()


def tick_only(tab: Page, headers: list[str]) -> None:
    """Tick these columns and no other."""
    for column in tab.locator("label:has(input[name=column])").all():
        column.get_by_role("checkbox").set_checked(column.inner_text().strip() in headers)


def finish(kind: str) -> None:
    """Let a worker do the open jobs of a kind."""
    for job in Job.objects.filter(kind=f"spreadsheets.{kind}", state="queued"):
        assert run_job(job.pk) == "succeeded"


def test_what_a_list_shows_is_fetched_and_found_again_in_my_files(sit: Sit, viewer: Any, tmp_path: Path) -> None:
    tab = sit(viewer)
    open_export(tab)
    tick_only(tab, PRICED)
    tab.get_by_role("radio", name="Excel (XLSX)").check()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export", exact=True).click()
    export = ExportFile.objects.get()
    assert download.value.suggested_filename == export.filename

    tab.goto("/")
    tab.get_by_role("link", name="My files").click()
    tab.get_by_role("link", name=export.filename).click()
    with tab.expect_download() as again:
        tab.get_by_role("link", name="Download").click()
    again.value.save_as(tmp_path / "again.xlsx")
    sheet: Any = openpyxl.load_workbook(tmp_path / "again.xlsx").active
    heads, *rows = [[cell.value for cell in row] for row in sheet]
    kept = Product.objects.filter(status="active").values_list("sku", "name", "price")
    assert heads == PRICED
    assert {tuple(row) for row in rows} == {(sku, name.replace("=", "'="), float(price)) for sku, name, price in kept}


def test_a_large_one_is_made_in_the_background_and_its_owner_told(
    sit: Sit, viewer: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EXPORT_PAGE_ROWS = 1
    tab = sit(viewer)
    open_export(tab)
    tick_only(tab, ["SKU"])
    tab.get_by_role("radio", name="CSV").check()
    tab.get_by_role("button", name="Export", exact=True).click()
    expect(tab.get_by_text("It is being made in the background")).to_be_visible()
    finish("make_export")
    finish("tell_owner")
    (told,) = mail.outbox
    assert (told.to, "is ready" in told.subject) == ([viewer.email], True)
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "teas.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "teas.csv").read_text(encoding="utf-8-sig"))))
    assert {row["SKU"] for row in rows} == {"TEA-1", "TEA-2"}


def test_a_template_is_kept_scheduled_and_sent(sit: Sit, manager: Any) -> None:
    tab = sit(manager)
    open_export(tab)
    tick_only(tab, PRICED)
    tab.get_by_role("radio", name="CSV").check()
    tab.get_by_text("Keep as a template").click()
    tab.get_by_label("Name", exact=True).and_(tab.locator("[name=name]")).fill("Our teas")
    tab.get_by_role("button", name="Keep", exact=True).click()
    expect(tab.get_by_text("The template “Our teas” is kept.")).to_be_visible()
    tab.get_by_role("link", name="Schedule it").click()

    expect(tab.get_by_label("Title")).to_have_value("Our teas")
    expect(tab.get_by_role("checkbox", name=str(manager))).to_be_checked()
    tab.get_by_label("Runs").select_option(label="Every Monday")
    tab.locator("#id_at").fill("06:15")
    tab.get_by_role("button", name="Save and continue editing").click()
    expect(tab.get_by_text("It runs next: Mon")).to_be_visible()
    expect(tab.get_by_text("none yet")).to_be_visible()
    assert ExportSchedule.objects.get().cron == "15 6 * * 1"

    tab.get_by_role("link", name="Run now", exact=True).click()
    tab.get_by_role("dialog").get_by_role("button", name="Run now").click()
    expect(tab.get_by_text("1 export is on its way.")).to_be_visible()
    finish("run_export_schedule")
    finish("deliver_export")
    (sent,) = mail.outbox
    ((name, content, _type),) = sent.attachments
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [list(row) for row in rows] == [PRICED] * 2
    assert {row["SKU"] for row in rows} == {"TEA-1", "TEA-2"}

    tab.reload()
    tab.get_by_role("link", name=name).click()
    expect(tab.get_by_text(f"It went to: {manager.email}.")).to_be_visible()


def test_who_may_not_take_rows_away_is_offered_no_way(sit: Sit, viewer: Any) -> None:
    make_customer(name="Ada Byron")
    tab = sit(viewer)
    expect(tab.get_by_role("link", name="My files")).to_be_visible()
    expect(tab.get_by_role("link", name="Export schedules")).to_have_count(0)
    tab.goto("/customers/customer/")
    expect(tab.get_by_role("link", name="Ada Byron")).to_be_visible()
    expect(tab.get_by_role("button", name="Spreadsheets")).to_have_count(0)
    expect(tab.get_by_role("button", name="Export")).to_have_count(0)
    expect(tab.locator("#action-toggle")).to_have_count(0)
