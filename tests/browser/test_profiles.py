"""A supplier's list in a real browser: understood once, saved as a profile, and understood by itself the next time."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backoffice.spreadsheets.models import ImportJob, ImportProfile
from catalog.models import Product
from tests.browser.conftest import Sit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def upload(tab: Page, file: Path) -> None:
    tab.goto("/spreadsheets/importjob/add/?kind=products")
    tab.locator("input[type=file]").set_input_files(file)
    tab.get_by_role("button", name="Upload and check").click()


def test_the_second_list_of_a_supplier_needs_no_explaining(
    sit: Sit, catalogue_manager: Any, manager: Any, shared_data: Path, tmp_path: Path
) -> None:
    tab = sit(catalogue_manager)
    upload(tab, shared_data / "northwind" / "products.csv")
    expect(tab.get_by_text("The file has no column for SKU.")).to_be_visible()
    tab.get_by_label("SKU", exact=True).select_option("product_id")
    tab.get_by_label("Status, or in all rows").fill("active")
    tab.get_by_role("button", name="Check again", exact=True).click()
    expect(tab.get_by_role("button", name="Apply all 77 rows")).to_be_visible()
    tab.get_by_label("Keep this for the next file, as").fill("Northwind")
    tab.get_by_role("button", name="Save as profile").click()
    expect(tab.get_by_text("It is understood as “Northwind” says, version 1.")).to_be_visible()
    tab.get_by_role("button", name="Apply all 77 rows").click()
    expect(tab.get_by_text("77 rows were applied.")).to_be_visible()

    # A colleague gets the next list, with one price changed.
    listed = (shared_data / "northwind" / "products.csv").read_text(encoding="utf-8")
    changed = tmp_path / "products.csv"
    changed.write_text(listed.replace(",18,39,0,10,1", ",18.5,39,0,10,1", 1), encoding="utf-8")
    colleague = sit(manager)
    upload(colleague, changed)
    expect(colleague.get_by_text("It is understood as “Northwind” says, version 1.")).to_be_visible()
    colleague.get_by_role("button", name="Apply 1 row").click()
    expect(colleague.get_by_text("1 row was applied.")).to_be_visible()
    assert Product.objects.filter(status="active").count() == 77
    assert str(Product.objects.get(sku="1").price) == "18.5000"
    assert set(ImportJob.objects.values_list("profile__name", flat=True)) == {"Northwind"}

    # The profile is named anew; its history tells by whom.
    colleague.get_by_role("link", name="Import profiles").click()
    colleague.get_by_role("link", name="Northwind").click()
    colleague.get_by_label("Name").fill("Northwind, spring")
    colleague.get_by_role("button", name="Save", exact=True).click()
    expect(colleague.locator("#result_list").get_by_role("link", name="Northwind, spring")).to_be_visible()
    version = ImportProfile.objects.get().history.latest()
    assert (version.name, version.history_user) == ("Northwind, spring", manager)
