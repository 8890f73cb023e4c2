"""Exports of a list: its rows under queue, filters, search and sort, or a selection, for those who may have them."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils import timezone

from backoffice.accounts.services import grant_role
from backoffice.desk.tasks import delete_old_exports
from backoffice.jobs.context import JobContext
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.spreadsheets.models import ExportFile, ExportTemplate
from tests.factories import make_customer, make_product
from tests.reports.samples import make_sale

pytestmark = pytest.mark.django_db

PRODUCTS = "/catalog/product/export/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def ask(client: Any, url: str, **asked: Any) -> Any:
    return client.post(url, {"sheet": "", "format": "csv"} | asked)


def body(response: Any) -> bytes:
    assert response.status_code == 200, response.status_code
    return b"".join(response.streaming_content)


def fetched(client: Any, url: str, **asked: Any) -> bytes:
    assert ask(client, url, **asked).status_code == 302
    return body(client.get(ExportFile.objects.get().download_url))


def table(client: Any, url: str, **asked: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(fetched(client, url, **asked).decode("utf-8-sig"))))


def test_a_file_holds_what_the_list_shows_in_its_order(signed_in: Any, viewer: Any) -> None:
    for sku, name, status in (("A-1", "Cup", "active"), ("A-2", "Tea", "draft"), ("A-3", "Box", "active")):
        make_product(sku=sku, name=name, status=status)
    rows = table(
        signed_in(viewer), f"{PRODUCTS}?q=A*&status__exact=active&o=-1", column=["name", "sku_code", "state", "stock"]
    )
    assert rows == [
        {"SKU": "A-3", "Name": "Box", "Status": "Active", "On hand": "0"},
        {"SKU": "A-1", "Name": "Cup", "Status": "Active", "On hand": "0"},
    ]


def test_every_list_that_is_exported_has_all_its_columns_in_the_file(signed_in: Any, administrator: Any) -> None:
    make_sale("2026-10-05T10:00Z", (1, "5"), (2, "7"), country="Spain")
    client = signed_in(administrator)
    for url in (
        *(PRODUCTS, "/catalog/category/export/", "/catalog/stockmovement/export/", "/customers/customer/export/"),
        *("/orders/order/export/", "/orders/payment/export/", "/orders/shipment/export/"),
    ):
        ExportFile.objects.all().delete()
        page = client.get(url)
        names = [name for name, _header in page.context["columns"]]
        listed = client.get(url.replace("export/", "")).context["cl"].list_display
        assert names == [name for name in listed if name != "action_checkbox"]
        assert len(json.loads(fetched(client, url, format="json", column=names))) == page.context["count"].number


def test_an_order_is_exported_with_the_words_of_the_screen(signed_in: Any, manager: Any) -> None:
    order = make_sale("2026-10-05T10:00Z", (1, "5"), (2, "7"), country="Spain")
    names = ["ref", "bought_by", "lines", "sum", "paid_state", "shipped_state"]
    (row,) = table(signed_in(manager), "/orders/order/export/", column=names)
    order.refresh_from_db()
    assert (row["Order"], row["Lines"], row["Total"]) == (order.number, "2", f"{order.total}")
    assert row["Payment"] == order.get_payment_state_display()


def test_nobody_is_told_of_a_file_that_they_waited_for(signed_in: Any, viewer: Any) -> None:
    make_product()
    fetched(signed_in(viewer), PRODUCTS, column=["sku_code"])
    assert not Job.objects.exists()


def test_a_selection_alone_is_exported(signed_in: Any, viewer: Any) -> None:
    chosen, _other = make_product(sku="A-1"), make_product(sku="A-2")
    client = signed_in(viewer)
    page = client.post("/catalog/product/", {"action": "export_rows", "index": 0, "_selected_action": [chosen.pk]})
    assert f'name="_selected_action" value="{chosen.pk}"' in page.content.decode()
    assert "1 selected row" in page.content.decode()
    rows = table(client, PRODUCTS, column=["sku_code"], _selected_action=[chosen.pk])
    assert rows == [{"SKU": "A-1"}]


def test_the_whole_list_can_be_selected(signed_in: Any, viewer: Any) -> None:
    for number in range(3):
        make_product(sku=f"A-{number}")
    client = signed_in(viewer)
    posted = {"action": "export_rows", "index": 0, "select_across": 1, "_selected_action": [1]}
    assert client.post("/catalog/product/", posted).context["count"].number == 3


def test_a_kind_of_spreadsheet_keeps_its_round_trip(signed_in: Any, viewer: Any) -> None:
    make_product(sku="A-1")
    page = signed_in(viewer).post(PRODUCTS, {"show": "products"})
    names = [name for name, _header in page.context["columns"]]
    assert {"sku", "row_version"} <= set(names)
    (row,) = table(signed_in(viewer), PRODUCTS, sheet="products", column=["sku", "price", "row_version"])
    assert list(row) == ["SKU", "Price", "Row version"]


def test_lines_come_in_the_order_of_their_orders_on_the_list(signed_in: Any, manager: Any) -> None:
    old = make_sale("2026-10-05T10:00Z", (1, "5"), (2, "7"), country="Spain")
    new = make_sale("2026-10-06T10:00Z", (1, "5"), country="Spain")
    rows = table(signed_in(manager), "/orders/order/export/", sheet="orders", column=["number", "country"])
    assert [row["Order"] for row in rows] == [new.number, old.number, old.number]


def test_a_workbook_is_read_by_another_library(signed_in: Any, viewer: Any) -> None:
    make_product(sku="A-1")
    content = fetched(signed_in(viewer), PRODUCTS, format="xlsx", column=["sku_code", "list_price"])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == ["SKU", "Price"]


@pytest.mark.parametrize("role", ["viewer", "operator", "catalogue_manager"])
def test_customers_leave_only_with_the_permission_for_personal_data(
    role: str, request: pytest.FixtureRequest, signed_in: Any
) -> None:
    make_customer()
    client = signed_in(request.getfixturevalue(role))
    for url in ("/customers/customer/export/", "/orders/order/export/"):
        assert client.get(url).status_code == 403
        assert ask(client, url, column=["code"]).status_code == 403
    assert "customer/export/" not in client.get("/customers/customer/").content.decode()
    assert not ExportFile.objects.exists()


def test_what_leaves_the_desk_is_on_record(signed_in: Any, manager: Any, administrator: Any) -> None:
    make_customer(name="Ada Lovelace", company="")
    make_customer(name="Mary Somerville", company="")
    fetched(signed_in(manager), "/customers/customer/export/?q=ada+love", column=["code", "mail"])
    record = ExportFile.objects.get()
    assert (record.owner, record.personal, record.query, record.rows) == (manager, True, "q=ada+love", 1)
    assert (record.columns, record.fetched_at is not None) == (["code", "mail"], True)
    assert str(record) in signed_in(administrator).get("/spreadsheets/exportfile/?queue=personal").content.decode()


def test_who_has_no_files_is_told_how_to_get_some(signed_in: Any, manager: Any) -> None:
    page = signed_in(manager).get("/spreadsheets/exportfile/?queue=mine").content.decode()
    assert "No exports here" in page
    assert "Choose “Export” in a list" in page


def test_a_file_is_its_owners_alone(signed_in: Any, manager: Any, administrator: Any, viewer: Any) -> None:
    make_product()
    ask(signed_in(manager), PRODUCTS, column=["sku_code"])
    export = ExportFile.objects.get()
    assert signed_in(administrator).get(export.download_url).status_code == 403
    assert signed_in(viewer).get(export.download_url).status_code == 404
    assert signed_in(administrator).post(f"/spreadsheets/exportfile/{export.pk}/forget/").status_code == 403
    assert export.path.is_file()


def test_the_permission_counts_when_the_file_is_fetched(signed_in: Any, manager: Any) -> None:
    make_customer()
    client = signed_in(manager)
    ask(client, "/customers/customer/export/", column=["code"])
    manager.groups.clear()
    grant_role(user=manager, role="Viewer")
    assert client.get(ExportFile.objects.get().download_url).status_code == 403


def test_an_owner_deletes_a_file_and_its_record_stays(
    signed_in: Any, viewer: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make_product()
    client = signed_in(viewer)
    ask(client, PRODUCTS, column=["sku_code"])
    export = ExportFile.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"/spreadsheets/exportfile/{export.pk}/forget/").status_code == 302
    assert not export.path.exists()
    assert client.get(export.download_url).status_code == 404
    assert "Deleted" in client.get("/spreadsheets/exportfile/?queue=mine").content.decode()


def test_old_files_are_deleted_and_refused(
    signed_in: Any, viewer: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make_product()
    client = signed_in(viewer)
    ask(client, PRODUCTS, column=["sku_code"])
    export = ExportFile.objects.get()
    ExportFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(export.download_url).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_old_exports(JobContext(Job())) == {"deleted": 1}
    assert not export.path.exists()


@pytest.mark.parametrize(
    ("url", "asked", "words"),
    [
        (f"{PRODUCTS}?colour=red", {"column": ["sku_code"]}, "Nothing was exported"),
        (PRODUCTS, {"column": ["secret"]}, "No column was chosen"),
        (PRODUCTS, {"column": ["sku_code"], "format": "pdf"}, "Choose a format"),
    ],
)
def test_what_is_not_there_exports_nothing(
    url: str, asked: dict[str, Any], words: str, signed_in: Any, viewer: Any
) -> None:
    make_product()
    client = signed_in(viewer)
    response = ask(client, url, **asked)
    assert words in client.get(response["Location"]).content.decode()
    assert not ExportFile.objects.exists()


def test_a_kind_that_the_list_has_not_is_refused(signed_in: Any, administrator: Any) -> None:
    assert ask(signed_in(administrator), PRODUCTS, sheet="orders", column=["number"]).status_code == 403
    assert signed_in(administrator).get("/orders/return/export/").status_code == 404


class TestInTheBackground:
    @pytest.fixture(autouse=True)
    def small_pages(self, settings: Any) -> None:
        settings.EXPORT_PAGE_ROWS = 1

    def large(self, client: Any, url: str = PRODUCTS, **asked: Any) -> ExportFile:
        make_product(sku="A-1")
        make_product(sku="A-2")
        page = client.get(ask(client, url, **({"column": ["sku_code"]} | asked))["Location"]).content.decode()
        assert "in the background" in page
        return ExportFile.objects.get()

    def test_a_large_export_is_a_job_and_lands_in_my_files(self, signed_in: Any, viewer: Any) -> None:
        client = signed_in(viewer)
        export = self.large(client)
        assert client.get(export.download_url).status_code == 404
        job = Job.objects.get(kind="spreadsheets.make_export")
        assert run_job(job.pk) == "succeeded"
        job.refresh_from_db()
        assert (job.done, job.total, job.result) == (2, 2, {"rows": 2})
        assert body(client.get(export.download_url)).count(b"A-") == 2

    def told(self) -> list[Any]:
        """Have the mails sent that wait; return those that were."""
        for job in Job.objects.filter(kind="spreadsheets.tell_owner", state="queued"):
            run_job(job.pk)
        return mail.outbox

    def test_its_owner_is_told_once_that_it_is_there(self, signed_in: Any, viewer: Any, settings: Any) -> None:
        settings.DESK_URL = "https://desk.example.com"
        export = self.large(signed_in(viewer))
        job = Job.objects.get(kind="spreadsheets.make_export")
        for _attempt in range(2):
            assert run_job(job.pk) == "succeeded"
            (told,) = self.told()
            Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None, max_attempts=2)
        export.refresh_from_db()
        assert (told.to, told.subject) == ([viewer.email], f"Your export “{export.filename}” is ready")
        assert "It has 2 rows, and is kept until " in told.body
        assert f"https://desk.example.com/spreadsheets/exportfile/{export.pk}/change/" in told.body

    def test_its_owner_is_told_why_there_is_no_file(self, signed_in: Any, manager: Any) -> None:
        self.large(signed_in(manager))
        ExportFile.objects.update(columns=["gone"])
        assert run_job(Job.objects.get(kind="spreadsheets.make_export").pk) == "failed"
        (told,) = self.told()
        assert (told.to, told.subject) == ([manager.email], "Your export of products failed")
        assert "Choose them again" in told.body

    def test_what_is_tried_again_has_not_failed_yet(
        self, signed_in: Any, viewer: Any, settings: Any, tmp_path: Any
    ) -> None:
        export = self.large(signed_in(viewer))
        settings.MEDIA_ROOT = tmp_path / "a file"
        settings.MEDIA_ROOT.write_text("no folder")
        job = Job.objects.get(kind="spreadsheets.make_export")
        assert run_job(job.pk) == "queued"
        assert (ExportFile.objects.get().state, self.told()) == ("queued", [])
        Job.objects.filter(pk=job.pk).update(max_attempts=2, run_after=Now())
        assert run_job(job.pk) == "failed"
        assert (ExportFile.objects.get(pk=export.pk).state, len(self.told())) == ("failed", 1)

    def test_it_runs_with_the_rights_that_its_owner_has_then(self, signed_in: Any, viewer: Any) -> None:
        export = self.large(signed_in(viewer))
        viewer.is_active = False
        viewer.save()
        assert run_job(Job.objects.get(kind="spreadsheets.make_export").pk) == "failed"
        export.refresh_from_db()
        assert (export.state, export.file) == ("failed", "")
        assert "not open to your role" in export.error

    def test_a_selection_is_exported_as_it_was_ticked(self, signed_in: Any, viewer: Any) -> None:
        ticked = [make_product(sku="B-1").pk, make_product(sku="B-2").pk]
        export = self.large(signed_in(viewer), _selected_action=ticked)
        assert run_job(Job.objects.get(kind="spreadsheets.make_export").pk) == "succeeded"
        export.refresh_from_db()
        assert sorted(export.path.read_text("utf-8-sig").split()) == ["B-1", "B-2", "SKU"]


def template_asked(**changed: Any) -> dict[str, Any]:
    return {"sheet": "products", "format": "ods", "column": ["sku", "price"], "save": "1", "name": "Prices"} | changed


def test_a_template_keeps_what_was_chosen(signed_in: Any, viewer: Any) -> None:
    make_product()
    client = signed_in(viewer)
    response = client.post(f"{PRODUCTS}?status__exact=active", template_asked())
    template = ExportTemplate.objects.get()
    assert (template.owner, template.query, template.columns) == (viewer, "status__exact=active", ["sku", "price"])
    page = client.get(response["Location"])
    assert (page.context["sheet"], page.context["format"], page.context["ticked"]) == (
        "products",
        "ods",
        template.columns,
    )
    assert template.history.count() == 1


def test_pages_say_in_words_which_rows_are_exported(signed_in: Any, viewer: Any) -> None:
    make_product()
    client = signed_in(viewer)
    for query, words in (
        ("queue=low&status__exact=active&q=SKU*", "Low on stock, Status: Active, found by “SKU*”"),
        ("", "the whole list"),
        ("status__exact=gone&nothing=1", "status__exact=gone&amp;nothing=1"),
    ):
        template = ExportTemplate.objects.create(
            owner=viewer,
            name=f"T{len(words)}",
            model_label="catalog.product",
            columns=["sku_code"],
            query=query,
            format="csv",
        )
        assert words in client.get(f"/spreadsheets/exporttemplate/{template.pk}/change/").content.decode()
    ask(client, f"{PRODUCTS}?status__exact=active", column=["sku_code"])
    page = client.get(f"/spreadsheets/exportfile/{ExportFile.objects.get().pk}/change/").content.decode()
    assert "Rows: Status: Active." in page


def test_a_template_is_its_owners_unless_it_is_shared(signed_in: Any, viewer: Any, operator: Any) -> None:
    signed_in(viewer).post(PRODUCTS, template_asked())
    template = ExportTemplate.objects.get()
    others = signed_in(operator)
    assert others.get(f"{PRODUCTS}?template={template.pk}").status_code == 404
    signed_in(viewer).post(PRODUCTS, template_asked(shared="on"))
    assert others.get(f"{PRODUCTS}?template={template.pk}").status_code == 200
    assert others.get(f"/spreadsheets/exporttemplate/{template.pk}/delete/").status_code == 403


def test_a_name_of_somebody_else_is_not_written_over(signed_in: Any, viewer: Any, operator: Any) -> None:
    signed_in(viewer).post(PRODUCTS, template_asked())
    client = signed_in(operator)
    page = client.post(PRODUCTS, template_asked(column=["sku"]), follow=True).content.decode()
    assert "Somebody else has a template" in page
    assert ExportTemplate.objects.get().columns == ["sku", "price"]


def run_command(*arguments: str) -> tuple[int, str]:
    """Return exit status and all that the command wrote."""
    out = io.StringIO()
    try:
        call_command("export_spreadsheet", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_exports_by_a_template_in_the_name_of_its_owner(signed_in: Any, viewer: Any, tmp_path: Any) -> None:
    make_product(sku="A-1")
    make_product(sku="B-1")
    signed_in(viewer).post(f"{PRODUCTS}?q=A*", template_asked())
    status, said = run_command("--saved", "Prices", str(tmp_path / "p.csv"))
    assert (status, json.loads(said)["rows"]) == (0, 1)
    assert (tmp_path / "p.csv").read_text("utf-8-sig").splitlines()[0] == "SKU,Price"
    assert ExportFile.objects.get().owner == viewer


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--saved", "Costs", "p.csv"), "There are: Prices"),
        (("--saved", "Prices", "p.pdf"), ".xlsx"),
        (("--saved", "Prices", "p.csv", "--filter", "sku=A"), "leave --filter"),
        (("p.csv",), "either a resource or a saved"),
    ],
)
def test_the_command_refuses_a_template_with_a_sentence(
    arguments: tuple[str, ...], words: str, signed_in: Any, viewer: Any
) -> None:
    signed_in(viewer).post(PRODUCTS, template_asked())
    status, said = run_command(*arguments)
    assert status == 2
    assert words in said


def test_a_template_of_somebody_who_may_no_longer_writes_nothing(signed_in: Any, manager: Any, tmp_path: Any) -> None:
    make_customer()
    asked = {"sheet": "customers", "column": ["number", "name"], "name": "All"}
    signed_in(manager).post("/customers/customer/export/", template_asked(**asked))
    manager.groups.clear()
    status, said = run_command("--saved", "All", str(tmp_path / "c.csv"))
    assert (status, "does not allow exporting" in said) == (2, True)
    assert not (tmp_path / "c.csv").exists()


def test_the_database_keeps_an_export_that_was_made_with_its_rows(viewer: Any) -> None:
    asked = {"owner": viewer, "model_label": "catalog.product", "columns": ["sku"]}
    with pytest.raises(IntegrityError, match="spreadsheets_exportfile_made_has_rows"):
        ExportFile.objects.create(state=ExportFile.State.MADE, **asked)
