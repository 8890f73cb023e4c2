"""Profiles, templates and what was detected, as people see and use them."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice.spreadsheets.models import ImportJob, ImportProfile
from catalog.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db

FILE = "Ref;Name;Preis;Kategorie\nA-1;Tea;2,50;x\nA-2;Rum;13,00;x\n"


def upload(client: Client, text: str = FILE, **given: Any) -> str:
    data = {"resource": "products", "file": SimpleUploadedFile("list.csv", text.encode())} | given
    page = client.post(reverse("admin:spreadsheets_importjob_add"), data, follow=True)
    assert page.status_code == 200
    return page.content.decode()


def post(client: Client, name: str, data: dict[str, Any]) -> str:
    job = ImportJob.objects.latest("pk")
    return client.post(
        reverse(f"admin:spreadsheets_importjob_{name}", args=[job.pk]), data, follow=True
    ).content.decode()


def understood(client: Client, **given: str) -> str:
    return post(client, "check", {"column-sku": "Ref", "column-name": "Name", "column-price": "Preis"} | given)


def test_what_was_detected_is_shown_and_can_be_overridden(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    assert "comma, 12,50" in upload(client)
    understood(client)
    assert ImportJob.objects.get().refused == 0
    understood(client, mode="update", blanks="keep")
    post(client, "read", {"decimal": ".", "date_order": "mdy"})
    page = understood(client, mode="update", blanks="keep")
    job = ImportJob.objects.get()
    assert job.options == {"decimal": ".", "date_order": "mdy", "mode": "update", "blanks": "keep"}
    assert job.refused == 2
    assert "point, 12.50" in page
    assert "month first" in page
    assert "Change only" in page


def test_what_finds_a_row_is_chosen_beside_the_columns_and_kept_when_it_is_read_again(
    signed_in: Any, catalogue_manager: Any
) -> None:
    make_product(sku="X", barcode="A-1", name="Rum")
    client = signed_in(catalogue_manager)
    upload(client)
    page = understood(client, key="barcode", **{"column-sku": ""})
    assert "The file has no column for Barcode." in page
    assert '<option value="barcode" selected>' in page
    page = understood(client, key="barcode", **{"column-sku": "", "column-barcode": "Ref"})
    job = ImportJob.objects.get()
    assert (job.options, job.updated, job.refused) == ({"key": "barcode"}, 1, 1)
    assert "Rows are found by</span> Barcode" in page
    post(client, "read", {"decimal": ","})
    assert ImportJob.objects.get().options == {"key": "barcode", "decimal": ","}


def test_only_changing_is_no_choice_where_nothing_is_created(signed_in: Any, catalogue_manager: Any) -> None:
    assert "Create only" in upload(signed_in(catalogue_manager))
    assert "Create only" not in upload(signed_in(catalogue_manager), resource="prices")


def test_columns_are_proposed_by_their_values_and_shown_with_some(signed_in: Any, catalogue_manager: Any) -> None:
    make_product(sku="A-1")
    page = upload(signed_in(catalogue_manager))
    assert "“Ref” fits by its values." in page
    assert '<option value="Ref" selected>' in page
    assert "2,50 · 13,00" not in page
    assert "Tea · Rum" in page


def test_a_profile_is_saved_and_proposed_for_the_next_file(
    signed_in: Any, catalogue_manager: Any, manager: Any
) -> None:
    client = signed_in(catalogue_manager)
    upload(client)
    understood(client, **{"constant-status": "active"})
    page = post(client, "save", {"name": "Miller"})
    assert "It is understood as “Miller” says, version 1." in page
    colleague = signed_in(manager)
    page = upload(colleague)
    assert "It is understood as “Miller” says, version 1." in page
    assert "You changed that here." not in page
    post(colleague, "confirm", {})
    assert set(Product.objects.values_list("status", flat=True)) == {"active"}


def test_changes_to_a_profile_are_seen_and_saved_as_the_next_version(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client)
    understood(client)
    post(client, "save", {"name": "Miller"})
    assert "You changed that here." in understood(client, **{"constant-status": "draft"})
    page = post(client, "save", {"name": "Miller"})
    assert "version 2." in page
    assert "You changed that here." not in page


def test_a_profile_that_was_chosen_tells_which_columns_differ(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client)
    understood(client)
    post(client, "save", {"name": "Miller"})
    page = upload(client, "Ref;Title;Preis\nA-1;Tea;2,50\n", profile=str(ImportProfile.objects.get().pk))
    assert "The file has no columns “Name”, “Kategorie”. The column “Title” is new." in page
    assert "The file has no column “Name”." in page


def test_a_profile_that_fits_but_for_new_columns_is_proposed(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client)
    understood(client)
    post(client, "save", {"name": "Miller"})
    page = upload(client, "Ref;Name;Preis;Kategorie;EAN\nA-1;Tea;2,50;x;1\n")
    assert "“Miller” fits this file too." in page
    assert "The column “EAN” is new." in page
    assert ImportJob.objects.latest("pk").profile is None
    assert "Not found in the file" in page


def test_another_profile_can_be_used_for_a_file_that_waits(signed_in: Any, catalogue_manager: Any) -> None:
    client = signed_in(catalogue_manager)
    upload(client)
    understood(client)
    post(client, "save", {"name": "Miller"})
    other = ImportProfile.objects.create(
        resource="products", name="Codes", mapping={"sku": "Ref"}, headers=["Ref"], owner=catalogue_manager
    )
    post(client, "profile", {"profile": str(other.pk)})
    job = ImportJob.objects.get()
    assert (job.profile, job.mapping) == (other, {"sku": "Ref"})
    page = client.post(reverse("admin:spreadsheets_importjob_profile", args=[job.pk]), {"profile": "none"})
    assert page.status_code == 404


def test_a_profile_for_another_kind_is_refused_on_upload(signed_in: Any, catalogue_manager: Any) -> None:
    tree = ImportProfile.objects.create(resource="categories", name="Tree")
    page = upload(signed_in(catalogue_manager), profile=str(tree.pk))
    assert "This profile is for Categories." in page
    assert not ImportJob.objects.exists()


def test_profiles_of_kinds_that_one_may_not_import_are_not_offered(signed_in: Any, operator: Any) -> None:
    ImportProfile.objects.create(resource="products", name="Secret list")
    page = signed_in(operator).get(reverse("admin:spreadsheets_importjob_add"))
    assert "Secret list" not in page.content.decode()


def test_a_profile_is_renamed_watched_and_has_a_history(
    signed_in: Any, catalogue_manager: Any, settings: Any, tmp_path: Any
) -> None:
    settings.SPREADSHEET_WATCH_FOLDER = str(tmp_path)
    profile = ImportProfile.objects.create(
        resource="products", name="Miller", mapping={"sku": "Ref"}, owner=catalogue_manager, options={"decimal": ","}
    )
    profile.refresh_from_db()
    client = signed_in(catalogue_manager)
    url = reverse("admin:spreadsheets_importprofile_change", args=[profile.pk])
    page = client.get(url).content.decode()
    assert "Ref" in page
    assert "Decimal sign: comma, 12,50" in page
    data = {"name": "Miller & Sons", "folder": "miller", "arrival": "apply", "_version": profile.updated_at.isoformat()}
    assert client.post(url, data).status_code == 302
    profile.refresh_from_db()
    assert (profile.name, profile.folder, profile.owner) == ("Miller & Sons", "miller", catalogue_manager)
    assert str(tmp_path / "miller") in client.get(url).content.decode()
    history = reverse("admin:spreadsheets_importprofile_history", args=[profile.pk])
    assert "Miller &amp; Sons" in client.get(history).content.decode()


def test_a_profile_names_who_sends_its_files_by_mail(signed_in: Any, catalogue_manager: Any, settings: Any) -> None:
    profile = ImportProfile.objects.create(
        resource="products", name="Miller", mapping={"sku": "Ref"}, owner=catalogue_manager
    )
    profile.refresh_from_db()
    client = signed_in(catalogue_manager)
    url = reverse("admin:spreadsheets_importprofile_change", args=[profile.pk])
    assert "No mailbox is looked into here" in client.get(url).content.decode()
    settings.SPREADSHEET_MAILBOX = "imaps://desk:sEcret@mail.example.com/Lists"
    data = {"name": "Miller", "arrival": "wait", "mail_from": "buyer", "_version": profile.updated_at.isoformat()}
    assert "“buyer” is no address." in client.post(url, data).content.decode()
    sent = {"mail_from": "buyer@miller.example, @schulz.example", "mail_subject": "price list"}
    assert client.post(url, data | sent).status_code == 302
    profile.refresh_from_db()
    assert (profile.mail_from, profile.mail_subject) == (sent["mail_from"], sent["mail_subject"])
    page = client.get(url).content.decode()
    assert "Lists of desk at mail.example.com" in page
    assert "sEcret" not in page
    history = reverse("admin:spreadsheets_importprofile_history", args=[profile.pk])
    assert "buyer@miller.example" in client.get(history).content.decode()


def test_a_colleague_s_profile_is_seen_and_not_changed(signed_in: Any, catalogue_manager: Any, manager: Any) -> None:
    profile = ImportProfile.objects.create(resource="products", name="Miller", owner=manager)
    url = reverse("admin:spreadsheets_importprofile_change", args=[profile.pk])
    client = signed_in(catalogue_manager)
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "Mine", "arrival": "wait"}).status_code == 403


def test_files_to_fill_in_are_handed_out(signed_in: Any, manager: Any, catalogue_manager: Any) -> None:
    client, url = signed_in(catalogue_manager), reverse("admin:spreadsheets_importjob_template")
    blank = client.get(url, {"kind": "prices", "suffix": "csv"})
    assert b"".join(blank).decode("utf-8-sig").splitlines() == ["SKU,Price,Cost"]
    assert 'filename="Prices.csv"' in blank["Content-Disposition"]
    make_product(sku="A-1")
    filled = client.get(url, {"kind": "prices", "suffix": "csv", "filled": "1"}, follow=True)
    assert (filled.context["sheet"], filled.context["format"], filled.context["count"].number) == ("prices", "csv", 1)
    assert client.get(url, {"kind": "customers", "suffix": "csv"}).status_code == 404
    assert client.get(url, {"kind": "prices", "suffix": "exe"}).status_code == 404
