"""Upload, check and confirm, as people do it."""

import io
import re
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import xlsxwriter
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.jobs.services import claim_job, end_job, enqueue_job
from backoffice.spreadsheets import tasks
from backoffice.spreadsheets.models import ImportJob
from backoffice.spreadsheets.services import check_import, kept_error_files, sweep_imports
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

GOOD = "SKU,Name,Price\nA-1,Tea,2.50\nA-2,Coffee,3.10\n"
MIXED = "SKU,Name,Price\nA-1,Tea,2.50\nA-2,Coffee,three\n"


def upload(client: Client, text: str | bytes, *, name: str = "list.csv", resource: str = "products") -> Any:
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(
        reverse("admin:spreadsheets_importjob_add"),
        {"resource": resource, "file": file, "reason": "autumn"},
        follow=True,
    )


def url(name: str) -> str:
    return reverse(f"admin:spreadsheets_importjob_{name}", args=[ImportJob.objects.get().pk])


def test_an_uploaded_file_is_checked_and_nothing_is_written(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), GOOD).content.decode()
    assert "Apply all 2 rows" in page
    assert not Product.objects.exists()


def test_where_a_file_came_from_and_why_is_shown_and_filtered_by(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    page = upload(client, GOOD).content.decode()
    assert "· autumn" in page
    ImportJob.objects.update(source="folder")
    listed = reverse("admin:spreadsheets_importjob_changelist")
    assert "A watched folder" in client.get(f"{listed}?source__exact=folder").content.decode()
    assert "list.csv" not in client.get(f"{listed}?source__exact=command").content.decode()


def test_confirming_applies_what_was_shown_in_one_change_set(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, GOOD)
    page = client.post(url("confirm"), follow=True).content.decode()
    assert "2 rows were applied." in page
    change_set = ImportJob.objects.get().change_set
    assert change_set is not None
    assert (change_set.kind, change_set.actor, change_set.reason) == ("import", catalogue_manager, "autumn")
    assert change_set.counts == {"catalog.product": {"+": 2}}


def test_a_second_click_on_apply_applies_nothing_again(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, GOOD)
    client.post(url("confirm"))
    page = client.post(url("confirm"), follow=True).content.decode()
    assert "It was applied already. Nothing was written a second time." in page
    assert Product.history.count() == 2


def test_a_page_from_before_another_check_applies_nothing(signed_in: Any, catalogue_manager: Any) -> None:
    """Somebody checked it again with another column in a second tab, or went back in the browser."""
    client = signed_in(catalogue_manager)
    page = upload(client, GOOD).content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    client.post(url("check"), {"column-sku": "SKU", "column-name": ""})
    page = client.post(url("confirm"), {"seen": seen[1]}, follow=True).content.decode()
    assert "The file was checked again after this page was shown." in page
    assert not Product.objects.exists()
    newest = ImportJob.objects.get().check_mark
    assert "2 rows were applied." in client.post(url("confirm"), {"seen": newest}, follow=True).content.decode()


def test_refused_rows_are_shown_with_what_to_do(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), MIXED).content.decode()
    assert "three" in page
    assert "Apply the 1 good row" in page


def test_where_all_rows_are_refused_the_page_says_to_correct_the_file(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), "SKU,Price\nA-1,three\n").content.decode()
    assert "Correct the refused rows in it" in page
    assert "Nothing would change" not in page


def test_a_file_of_column_names_alone_says_so(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), "SKU,Name\n").content.decode()
    assert "Below the names of its columns the file has no rows." in page


def test_good_rows_go_in_without_the_refused_ones_only_when_asked(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, MIXED)
    client.post(url("confirm"))
    assert not Product.objects.exists()
    client.post(url("confirm"), {"only_valid": "1"})
    assert list(Product.objects.values_list("sku", flat=True)) == ["A-1"]


def test_a_column_of_another_name_is_mapped_by_hand(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    page = upload(client, "Ref,Name\nA-1,Tea\n")
    assert "has no column for SKU" in page.content.decode()
    page = client.post(
        url("check"), {"column-sku": "Ref", "column-name": "Name", "constant-status": "active"}, follow=True
    )
    assert "Apply 1 row" in page.content.decode()
    client.post(url("confirm"))
    assert Product.objects.get().status == "active"


@pytest.mark.parametrize(
    ("name", "content"), [("list.pdf", "%PDF-1.7"), ("list.csv", ""), ("list.xlsx", "PK\x03\x04 broken")]
)
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(
    signed_in: Any, catalogue_manager: Any, name: str, content: str
) -> None:
    page = upload(signed_in(catalogue_manager), content, name=name)
    assert page.status_code == 200
    assert (
        "errorlist" in page.content.decode()
        or "desk-red" in page.content.decode()
        or "text-red" in page.content.decode()
    )
    assert not ImportJob.objects.exists()


def test_a_discarded_import_cannot_be_applied(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, GOOD)
    client.post(url("discard"))
    client.post(url("confirm"))
    assert not Product.objects.exists()


@pytest.mark.parametrize("name", ["change", "file", "errors"])
def test_an_import_is_its_owners_and_the_managers_business(
    signed_in: Any, catalogue_manager: Any, operator: Any, manager: Any, name: str
) -> None:
    upload(signed_in(catalogue_manager), MIXED)
    assert signed_in(operator).get(url(name)).status_code == 403
    with closing(signed_in(manager).get(url(name))) as page:
        assert page.status_code == 200


def test_only_permitted_kinds_are_offered(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), "Number\n7\n", resource="customers")
    assert not ImportJob.objects.exists()
    assert "Select a valid choice" in page.content.decode()


def test_a_viewer_cannot_upload(signed_in: Any, viewer: Any) -> None:
    assert signed_in(viewer).get(reverse("admin:spreadsheets_importjob_add")).status_code == 403


@pytest.mark.parametrize("name", ["check", "read", "confirm", "discard", "refused"])
def test_steps_are_posts(signed_in: Any, catalogue_manager: Any, name: str) -> None:
    client = signed_in(catalogue_manager)
    upload(client, GOOD)
    assert client.get(url(name)).status_code == 404


def test_a_large_file_is_checked_in_the_background_once(
    signed_in: Any, catalogue_manager: Any, settings: LazySettings
) -> None:
    settings.SPREADSHEET_PAGE_BYTES = 10
    client = signed_in(catalogue_manager)
    page = upload(client, GOOD).content.decode()
    client.post(url("check"), {"column-sku": "SKU"})
    assert "You may close this page and come back" in page
    assert Job.objects.get().kind == tasks.CHECK


def at_work(client: Client, settings: LazySettings, **progress: Any) -> Job:
    """Upload a large file, and return the job of its check, under way for 100 seconds."""
    settings.SPREADSHEET_PAGE_BYTES = 10
    upload(client, GOOD)
    job = claim_job(job_id=Job.objects.get().pk)
    assert job is not None
    since = timezone.now() - timedelta(seconds=100)
    Job.objects.filter(pk=job.pk).update(started_at=since, phase_started_at=since, **progress)
    return job


def test_the_page_tells_how_far_a_large_file_is(signed_in: Any, catalogue_manager: Any, settings: LazySettings) -> None:
    client = signed_in(catalogue_manager)
    job = at_work(client, settings, phase="Reading the file", done=4_000, total=16_000)

    for address in (url("change"), f"{url('work')}?ids={job.pk}"):
        page = client.get(address).content.decode()
        assert '<progress max="100" value="25"' in page
        assert re.search(r"Reading the file · 4,000 of 16,000 · \d+ a second · \d:\d\d left", page)
        assert f"{url('work')}?ids={job.pk}" in page


def test_a_page_that_waits_is_shown_anew_once_the_work_has_ended(
    signed_in: Any, catalogue_manager: Any, settings: LazySettings
) -> None:
    client = signed_in(catalogue_manager)
    job = at_work(client, settings)
    assert end_job(job=job, state=Job.State.SUCCEEDED)

    answer = client.get(f"{url('work')}?ids={job.pk}")

    assert answer["HX-Refresh"] == "true"
    assert "hx-get" not in client.get(url("change")).content.decode().partition("<main")[2]


def test_whoever_imports_stops_the_work_without_a_right_to_jobs(
    signed_in: Any, catalogue_manager: Any, settings: LazySettings
) -> None:
    client = signed_in(catalogue_manager)
    job = at_work(client, settings)
    assert "Stop it" in client.get(url("change")).content.decode()

    page = client.post(url("stop"), {"work": job.pk}, follow=True).content.decode()

    job.refresh_from_db()
    assert (job.cancel_requested, "Stopping" in page, "Stop it" in page) == (True, True, False)


def test_work_that_waits_is_stopped_at_once(signed_in: Any, catalogue_manager: Any, settings: LazySettings) -> None:
    settings.SPREADSHEET_PAGE_BYTES = 10
    client = signed_in(catalogue_manager)
    upload(client, GOOD)

    client.post(url("stop"), {"work": Job.objects.get().pk})

    assert Job.objects.get().state == "cancelled"


def test_work_of_another_import_is_not_stopped(signed_in: Any, catalogue_manager: Any, settings: LazySettings) -> None:
    client = signed_in(catalogue_manager)
    at_work(client, settings)
    other = enqueue_job(kind=tasks.CHECK, key="0:0")

    client.post(url("stop"), {"work": other.pk})

    assert not Job.objects.filter(cancel_requested=True).exists()


@pytest.mark.parametrize(("asked", "name"), [("", "list refused.xlsx"), ("?as=csv", "list refused.csv")])
def test_the_refused_rows_are_handed_out(signed_in: Any, catalogue_manager: Any, asked: str, name: str) -> None:
    client = signed_in(catalogue_manager)
    page = upload(client, MIXED).content.decode()
    assert url("errors") in page
    with closing(client.get(url("errors") + asked)) as answer:
        assert name in answer["Content-Disposition"]


def test_columns_that_fill_nothing_are_named(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), "SKU,Prise,Refused because\nA-1,2,x\n").content.decode()
    assert "This column of the file fills nothing: Prise." in page


def workbook(**sheets: list[list[Any]]) -> bytes:
    """Return a workbook of these sheets."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def test_what_was_detected_is_shown(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), GOOD.replace(",", ";")).content.decode()
    assert "Detected: semicolon" in page
    assert "Detected: utf-8" in page


def test_an_encoding_detected_wrongly_is_corrected_and_kept(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "SKU,Name\nA-1,Łódź\n".encode("cp1250"))
    page = client.post(url("read"), {"encoding": "cp1250"}, follow=True).content.decode()
    assert "Łódź" in page
    client.post(url("check"), {"column-sku": "SKU", "column-name": "Name"})
    client.post(url("confirm"))
    assert Product.objects.get().name == "Łódź"


def test_a_delimiter_can_be_chosen(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "SKU\tName\nA-1\tTea\n")
    client.post(url("read"), {"delimiter": "|"})
    assert ImportJob.objects.get().detected["headers"] == ["SKU\tName"]
    client.post(url("read"), {"delimiter": "\t"})
    assert ImportJob.objects.get().created == 1


def test_an_empty_file_is_refused_with_what_to_do(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), "").content.decode()
    assert "The file is empty. Choose a file with a header row and data." in page
    assert not ImportJob.objects.exists()


def test_a_workbook_whose_first_sheet_is_empty_is_read(signed_in: Any, catalogue_manager: Any) -> None:
    content = workbook(Cover=[], Goods=[["SKU"], ["A-1"]])
    page = upload(signed_in(catalogue_manager), content, name="list.xlsx").content.decode()
    assert "Apply 1 row" in page
    assert "Detected: Goods" in page


def test_another_sheet_and_header_row_can_be_chosen(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    content = workbook(About=[["Spring list"]], Goods=[["", "Our goods"], ["SKU", "Name"], ["A-1", "Tea"]])
    upload(client, content, name="list.xlsx")
    page = client.post(url("read"), {"sheet": "Goods", "header_row": "2"}, follow=True).content.decode()
    assert "Apply 1 row" in page
    client.post(url("confirm"))
    assert Product.objects.get().name == "Tea"


def test_a_table_that_cannot_be_read_as_detected_is_kept_for_another_try(
    signed_in: Any, catalogue_manager: Any
) -> None:
    client = signed_in(catalogue_manager)
    page = upload(client, "12,2026\nSKU,Name\nA-1,Tea\n").content.decode()
    assert "holds values, not column names" in page
    assert "Apply 1 row" in client.post(url("read"), {"header_row": "2"}, follow=True).content.decode()


def test_a_choice_that_does_not_fit_changes_nothing(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, GOOD)
    page = client.post(url("read"), {"header_row": "70"}).content.decode()
    assert "There is nothing from row 70 on" in page
    assert ImportJob.objects.get().state == "checked"


def test_reading_again_makes_an_earlier_check_void(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "SKU,Name\nName,SKU\nA-1,Tea\nA-2,Milk\n")
    client.post(url("read"), {"header_row": "3"})
    client.post(url("confirm"))
    assert not Product.objects.exists()


def test_the_refused_rows_of_a_large_file_are_written_in_the_background(
    signed_in: Any, catalogue_manager: Any, settings: LazySettings
) -> None:
    client = signed_in(catalogue_manager)
    upload(client, MIXED)
    settings.SPREADSHEET_PAGE_BYTES = 10
    assert "is not written yet" in client.get(url("errors"), follow=True).content.decode()
    page = client.post(url("refused"), {"as": "csv"}, follow=True).content.decode()
    assert "Write the refused rows of a spreadsheet" in page
    client.post(url("refused"), {"as": "csv"})
    run_job(Job.objects.get(kind=tasks.REFUSED).pk)
    assert "Download CSV" in client.get(url("change")).content.decode()
    with closing(client.get(url("errors") + "?as=csv")) as answer:
        assert b"A-2,Coffee,three" in b"".join(answer.streaming_content)


def test_refused_rows_that_were_written_go_with_their_import(
    signed_in: Any, catalogue_manager: Any, settings: LazySettings
) -> None:
    client = signed_in(catalogue_manager)
    upload(client, MIXED)
    settings.SPREADSHEET_PAGE_BYTES = 10
    client.post(url("refused"), {"as": "xlsx"})
    run_job(Job.objects.get(kind=tasks.REFUSED).pk)
    sweep_imports()
    assert len(kept_error_files()) == 1
    client.post(url("discard"))
    sweep_imports()
    assert kept_error_files() == []


def test_a_new_check_asks_for_new_refused_rows(signed_in: Any, catalogue_manager: Any, settings: LazySettings) -> None:
    client = signed_in(catalogue_manager)
    upload(client, MIXED)
    settings.SPREADSHEET_PAGE_BYTES = 10
    client.post(url("refused"), {"as": "csv"})
    run_job(Job.objects.get(kind=tasks.REFUSED).pk)
    check_import(job=ImportJob.objects.get(), actor=catalogue_manager, mapped={"name": ""})
    assert "Prepare CSV" in client.get(url("change")).content.decode()


def test_columns_are_proposed_before_anything_is_mapped(signed_in: Any, catalogue_manager: Any) -> None:
    page = upload(signed_in(catalogue_manager), "Ref,Name\nA-1,Tea\n").content.decode()
    assert '<option value="Name" selected>' in page


def test_values_are_replaced_and_stay_in_the_form(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "SKU,Status\nA-1,on\nA-2, OFF \n")
    mapping = {"column-sku": "SKU", "column-status": "Status", "replaced-status": "On = active\nOff=archived"}
    page = client.post(url("check"), mapping, follow=True).content.decode()
    assert "Off = archived" in page
    client.post(url("confirm"))
    assert list(Product.objects.order_by("sku").values_list("status", flat=True)) == ["active", "archived"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("on", "Write a pair on each line"), ("= active", "Write a pair"), ("on=active\nON=draft", "stands here twice")],
)
def test_replacements_that_are_no_pairs_are_refused(
    signed_in: Any, catalogue_manager: Any, words: str, sentence: str
) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "SKU,Status\nA-1,on\n")
    page = client.post(url("check"), {"column-sku": "SKU", "column-status": "Status", "replaced-status": words})
    assert sentence in page.content.decode()


def test_nothing_is_replaced_where_there_is_no_column(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "SKU,Status\nA-1,on\n")
    page = client.post(url("check"), {"column-sku": "SKU", "replaced-status": "on=active"}, follow=True)
    assert "Status has no column, so nothing can be replaced in it" in page.content.decode()


def test_a_file_like_one_applied_before_is_understood_alike(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "Ref,State,Name\nA-1,on,Tea\n", name="july.csv")
    client.post(
        url("check"),
        {"column-sku": "Ref", "column-status": "State", "replaced-status": "on=active", "constant-tags": "summer"},
    )
    client.post(url("confirm"))
    page = upload(client, "Ref,State,Name\nA-2,on,Milk\n", name="august.csv").content.decode()
    newest = ImportJob.objects.latest("pk")
    assert "The columns are understood as in “july.csv”" in page
    assert (newest.mapping, newest.constants, newest.created) == (
        {"sku": "Ref", "status": "State"},
        {"tags": "summer"},
        1,
    )
    client.post(reverse("admin:spreadsheets_importjob_confirm", args=[newest.pk]))
    assert Product.objects.get(sku="A-2").status == "active"


def test_other_columns_or_another_kind_of_sheet_start_afresh(
    signed_in: Any, catalogue_manager: Any, manager: Any
) -> None:
    client = signed_in(catalogue_manager)
    upload(client, "Ref,Name\nA-1,Tea\n")
    client.post(url("check"), {"column-sku": "Ref"})
    assert "understood as in" not in upload(client, "Ref,Name\nA-1,Tea\n").content.decode()
    first = ImportJob.objects.earliest("pk")
    client.post(reverse("admin:spreadsheets_importjob_confirm", args=[first.pk]))
    assert "understood as in" not in upload(client, "Ref,Name,Price\nA-1,Tea,1\n").content.decode()
    other = upload(signed_in(manager), "Ref,Name\nA-1,Tea\n", resource="stock-count").content.decode()
    assert "understood as in" not in other


def test_what_is_unusual_is_applied_after_a_second_confirmation(signed_in: Any, catalogue_manager: Any) -> None:
    make_product(sku="A-1", price=10)
    client = signed_in(catalogue_manager)
    page = upload(client, "SKU,Price\nA-1,99\n").content.decode()
    assert "1 price changes by more than 50 %." in page
    assert "say that they are meant" in client.post(url("confirm"), follow=True).content.decode()
    client.post(url("confirm"), {"accepted": "1"})
    assert Product.objects.get().price == 99


def test_a_manager_is_asked_and_approves(
    signed_in: Any, catalogue_manager: Any, manager: Any, settings: LazySettings
) -> None:
    settings.SPREADSHEET_GUARDS = {"products.price_jump": {"managed": 0}}
    make_product(sku="A-1", price=10)
    client = signed_in(catalogue_manager)
    assert "Ask a manager to approve it" in upload(client, "SKU,Price\nA-1,99\n").content.decode()
    assert "Approval asked for" in client.post(url("approval"), follow=True).content.decode()
    client = signed_in(manager)
    listed = client.get(reverse("admin:spreadsheets_importjob_changelist"), {"queue": "approve"}).content.decode()
    assert "list.csv" in listed
    client.post(url("confirm"), {"accepted": "1"})
    assert Product.objects.get().price == 99


def test_the_changes_are_narrowed_on_the_page(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client, GOOD)
    page = client.get(url("change"), {"search": "A-2"}).content.decode()
    assert "Coffee" in page
    assert "<strong>Tea</strong>" not in page
    assert "No row changes like that." in client.get(url("change"), {"search": "Z"}).content.decode()


def test_what_changed_since_the_check_is_shown(signed_in: Any, catalogue_manager: Any) -> None:
    product = make_product(sku="A-1", name="Apple")
    client = signed_in(catalogue_manager)
    upload(client, "SKU,Name\nA-1,Pear\n")
    Product.objects.filter(pk=product.pk).update(name="Plum")
    page = client.post(url("confirm"), follow=True).content.decode()
    assert "Changed here since the check" in page
    assert "Plum" in page
