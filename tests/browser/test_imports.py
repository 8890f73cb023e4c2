"""A supplier's list in a real browser, from the upload to the undo, with the refused rows corrected in between."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from backoffice.spreadsheets.models import ImportJob
from catalog.models import Category, Product
from tests.browser.conftest import Sit
from tests.factories import make_product, reload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def upload(tab: Page, file: Path, kind: str = "products") -> None:
    tab.goto(f"/spreadsheets/importjob/add/?kind={kind}")
    tab.locator("input[type=file]").set_input_files(file)
    tab.get_by_role("button", name="Upload and check").click()


def correct(path: Path) -> list[str]:
    """Write a category into each coloured cell, as somebody does in Excel, and return what stood there."""
    book = openpyxl.load_workbook(path)
    coloured = [cell for row in book.active.iter_rows(min_row=2) for cell in row if cell.fill.fill_type == "solid"]
    found = [str(cell.value) for cell in coloured]
    for cell in coloured:
        cell.value = "Condiments"
    book.save(path)
    return found


def test_a_list_is_mapped_applied_corrected_applied_and_taken_back(
    sit: Sit, catalogue_manager: Any, manager: Any, shared_data: Path, tmp_path: Path
) -> None:
    drinks, _condiments = (Category.objects.create(name=name) for name in ("Beverages", "Condiments"))
    tab = sit(catalogue_manager)
    upload(tab, shared_data / "northwind" / "products.csv")
    tab.get_by_label("SKU", exact=True).select_option("product_id")
    tab.get_by_label("Category", exact=True).select_option("category_id")
    tab.get_by_label("Category, replaced values").fill("1 = Beverages\n2 = Condiments")
    tab.get_by_role("button", name="Check again", exact=True).click()
    expect(tab.get_by_text("53 refused rows are left out.")).to_be_visible()
    expect(tab.get_by_text("There is no category “3”.").first).to_be_visible()

    with tab.expect_download() as started:
        tab.get_by_role("link", name="Download Excel, bad cells coloured").click()
    refused = tmp_path / started.value.suggested_filename
    started.value.save_as(refused)
    tab.get_by_role("button", name="Apply the 24 good rows").dblclick()
    expect(tab.get_by_text("The good rows were applied; the refused ones were left out.")).to_be_visible()
    assert Product.objects.filter(category=drinks).count() == 12

    # The refused rows alone come back corrected; their columns are known, that of the reasons fills nothing.
    assert sorted(set(correct(refused))) == ["3", "4", "5", "6", "7", "8"]
    upload(tab, refused)
    tab.get_by_role("button", name="Apply all 53 rows").click()
    expect(tab.get_by_text("It was applied as it was shown.")).to_be_visible()
    counted = list(ImportJob.objects.order_by("pk").values_list("rows", "created", "refused"))
    assert (counted, Product.objects.count(), Product.history.count()) == ([(77, 24, 53), (53, 53, 0)], 77, 77)

    expect(tab.get_by_text("Your role does not allow undoing this. Ask a manager.")).to_be_visible()
    colleague = sit(manager)
    colleague.goto(tab.url)
    colleague.get_by_role("link", name="Undo this import…").click()
    colleague.get_by_label("Reason").fill("wrong list")
    colleague.get_by_role("button", name="Undo").click()
    expect(colleague.get_by_text("taken back.")).to_be_visible()
    tab.reload()
    expect(tab.get_by_text("Manager took it back")).to_be_visible()
    assert Product.objects.count() == 24


def test_a_page_that_one_goes_back_to_applies_nothing_unseen(
    sit: Sit, catalogue_manager: Any, manager: Any, tmp_path: Path
) -> None:
    tea = make_product(sku="TEA-1", name="Tea", price="2.50")
    listed = tmp_path / "list.csv"
    listed.write_text("SKU;Name;Price\nTEA-1;Green tea;2,60\n", encoding="utf-8")
    tab = sit(catalogue_manager)
    upload(tab, listed)
    expect(tab.get_by_role("button", name="Apply 1 row")).to_be_visible()

    # A colleague looks at it too, leaves the price out, and the first tab is still as it was.
    colleague = sit(manager)
    colleague.goto(tab.url)
    colleague.get_by_text("Which column is what").click()
    colleague.get_by_label("Price", exact=True).select_option("")
    colleague.get_by_role("button", name="Check again", exact=True).click()
    expect(colleague.get_by_text("This column of the file fills nothing: Price.")).to_be_visible()
    tab.get_by_role("button", name="Apply 1 row").click()
    expect(tab.get_by_text("The file was checked again after this page was shown.")).to_be_visible()
    assert reload(tea).name == "Tea"

    # Both see the same now, and both apply it: it is done once.
    tab.get_by_role("button", name="Apply 1 row").click()
    expect(tab.get_by_text("1 row was applied.")).to_be_visible()
    colleague.get_by_role("button", name="Apply 1 row").click()
    expect(colleague.get_by_text("It was applied already. Nothing was written a second time.")).to_be_visible()
    assert (reload(tea).name, str(reload(tea).price), Product.history.count()) == ("Green tea", "2.5000", 2)
