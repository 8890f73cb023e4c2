"""Change sets as a place: found in two clicks, told in words, undone after a look at what that would do."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from backoffice.changes.context import recording
from backoffice.changes.models import ChangeSet
from backoffice.changes.undo import undo_change_set
from backoffice.desk.screens.imports import state_badge
from backoffice.jobs.models import Job
from backoffice.jobs.runner import run_job
from backoffice.spreadsheets.models import ImportJob
from catalog.models import Category, Product
from tests.factories import make_customer, make_product, reload

pytestmark = pytest.mark.django_db
LIST = "/changes/changeset/"
READ = {"headers": ["SKU"]}


@pytest.fixture
def desk(manager: Any, signed_in: Any) -> Any:
    return signed_in(manager)


def recorded(write: Callable[[], Any], **known: Any) -> ChangeSet:
    with recording(**{"kind": "form"} | known) as context:
        write()
    return ChangeSet.objects.get(key=context.key)


def url(change_set: ChangeSet, page: str = "undo") -> str:
    return f"{LIST}{change_set.pk}/{page}/"


def listed(desk: Any, query: str) -> list[int]:
    return [change_set.pk for change_set in desk.get(f"{LIST}?{query}").context["cl"].result_list]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def renamed() -> ChangeSet:
    for _ in range(2):
        make_product(name="Old", price=Decimal("2.50"))
    return recorded(lambda: Product.objects.update(name="New", price=Decimal("3.75")), kind="import", source="list.csv")


def test_the_preview_tells_and_writes_nothing(desk: Any, renamed: ChangeSet) -> None:
    page = text(desk.get(url(renamed)))
    assert "Undo 2 objects" in page
    assert page.count('<td class="desk-old">3.75</td><td class="desk-new">2.50</td>') == 2
    assert Product.objects.filter(name="New").count() == 2


def test_the_preview_tells_what_comes_back_and_what_goes(desk: Any) -> None:
    kept, gone = (Category.objects.create(name=name) for name in ("Kept", "Gone"))

    def write() -> None:
        gone.delete()
        Category.objects.filter(pk=kept.pk).update(description="Longer")
        Category.objects.create(name="Made")

    written = desk.get(url(recorded(write))).context["written"]
    assert {each.change.label: each.verb for each in written} == {
        "Gone": "Created",
        "Kept": "Changed",
        "Made": "Deleted",
    }


def test_undo_wants_a_reason(desk: Any, renamed: ChangeSet) -> None:
    page = text(desk.post(url(renamed), {"reason": ""}))
    assert "This field is required" in page
    assert Product.objects.filter(name="New").count() == 2


def test_undo_leads_to_its_own_change_set(desk: Any, manager: Any, renamed: ChangeSet) -> None:
    response = desk.post(url(renamed), {"reason": "wrong file"})
    undo = ChangeSet.objects.get(undo_of=renamed)
    assert response.headers["Location"] == url(undo, "change")
    assert (undo.actor, undo.reason) == (manager, "wrong file")
    assert Product.objects.filter(name="Old", price=Decimal("2.50")).count() == 2


def test_conflicts_are_shown_in_three_versions(desk: Any, renamed: ChangeSet) -> None:
    product = Product.objects.first()
    recorded(lambda: Product.objects.filter(pk=product.pk).update(price=4), kind="form", actor_label="Ada")
    page = text(desk.get(url(renamed)))
    for words in ("2.50", "3.75", "4.00", "changed by Ada", "Undo 1 object", "Leave it as it is"):
        assert words in page
    desk.post(url(renamed), {"reason": "wrong file", "conflicts": "fields"})
    assert (reload(product).name, reload(product).price) == ("Old", Decimal(4))
    assert Product.objects.filter(name="Old").count() == 2


def test_what_changed_after_the_preview_is_not_overwritten(desk: Any, renamed: ChangeSet) -> None:
    desk.get(url(renamed))
    Product.objects.filter(pk=Product.objects.first().pk).update(name="Newest")
    page = text(desk.post(url(renamed), {"reason": "wrong file"}))
    assert "This field is required" in page
    assert Product.objects.filter(name="Old").count() == 0


def test_much_is_undone_in_the_background(
    desk: Any, manager: Any, renamed: ChangeSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.desk.undo.LARGE", 1)
    assert desk.post(url(renamed), {"reason": "wrong file"}).headers["Location"] == url(renamed, "change")
    assert "being undone" in text(desk.get(url(renamed, "change")))
    desk.post(url(renamed), {"reason": "again"})
    job = Job.objects.get(kind="changes.undo")
    run_job(job.pk)
    assert Product.objects.filter(name="Old").count() == 2
    assert ChangeSet.objects.get(undo_of=renamed).actor == manager
    assert (reload(job).state, reload(job).done) == ("succeeded", 2)


def test_chosen_objects_are_undone_alone(desk: Any, renamed: ChangeSet) -> None:
    one, two = Product.objects.order_by("pk")
    page = desk.get(url(renamed, "change")).content.decode()
    assert page.count('type="checkbox" name="only"') == 2
    asked = f"{url(renamed)}?chosen=1&only=catalog.product:{one.pk}"
    assert "Undo 1 object" in text(desk.get(asked))
    desk.post(asked, {"reason": "wrong row"})
    assert (reload(one).name, reload(two).name) == ("Old", "New")
    assert "undone in part" in text(desk.get(url(renamed, "change")))
    assert "undone in part" in text(desk.get(LIST))


def test_chosen_objects_are_undone_alone_in_the_background(
    desk: Any, renamed: ChangeSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = Product.objects.order_by("pk")
    monkeypatch.setattr("backoffice.desk.undo.LARGE", 0)
    desk.post(f"{url(renamed)}?only=catalog.product:{one.pk}", {"reason": "wrong row"})
    run_job(Job.objects.get(kind="changes.undo").pk)
    assert (reload(one).name, reload(two).name) == ("Old", "New")


def test_choosing_nothing_is_not_choosing_all(desk: Any, renamed: ChangeSet) -> None:
    response = desk.get(f"{url(renamed)}?chosen=1", follow=True)
    assert "Tick what is to be undone" in text(response)


def test_an_object_of_another_change_is_refused_in_words(desk: Any, renamed: ChangeSet) -> None:
    other = f"{url(renamed)}?only=catalog.product:{make_product().pk}"
    assert "did not write all that was chosen" in text(desk.get(other))
    assert desk.post(other, {"reason": "mine"}).status_code == 403


def test_one_of_many_deleted_rows_comes_back_alone(desk: Any) -> None:
    for name in ("Chairs", "Stools"):
        Category.objects.create(name=name)
    chairs = Category.objects.get(name="Chairs").pk
    change_set = recorded(Category.objects.all().delete)
    restore = f"{url(change_set)}?only=catalog.category%3A{chairs}"
    assert restore in text(desk.get(f"{LIST}deleted/"))
    desk.post(restore, {"reason": "needed"})
    assert Category.objects.get().name == "Chairs"


def test_the_page_of_a_change_says_that_it_was_undone(desk: Any, renamed: ChangeSet) -> None:
    assert "Undo…" in text(desk.get(url(renamed, "change")))
    undo = undo_change_set(change_set=renamed, actor=None)
    page = text(desk.get(url(renamed, "change")))
    assert url(undo, "change") in page
    assert f"It undid change {renamed.pk}" in text(desk.get(url(undo, "change")))


def test_who_may_not_undo_is_not_offered_it(operator: Any, signed_in: Any, renamed: ChangeSet) -> None:
    desk = signed_in(operator)
    assert "Undo…" not in text(desk.get(url(renamed, "change")))
    assert "Your role does not allow undoing this" in text(desk.get(url(renamed)))
    assert desk.post(url(renamed), {"reason": "mine"}).status_code == 403
    assert Product.objects.filter(name="New").count() == 2


def test_the_list_says_what_was_undone(desk: Any, renamed: ChangeSet) -> None:
    undo = undo_change_set(change_set=renamed, actor=None)
    rows = {row.pk: row.undone for row in desk.get(LIST).context["cl"].result_list}
    assert (rows[renamed.pk], rows[undo.pk]) == (True, False)
    undo_change_set(change_set=undo, actor=None)
    rows = {row.pk: row.undone for row in desk.get(LIST).context["cl"].result_list}
    assert (rows[renamed.pk], rows[undo.pk]) == (False, True)


def test_what_somebody_changed_today_is_a_link_in_each_row(desk: Any, operator: Any, manager: Any) -> None:
    mine = recorded(make_product, actor=operator)
    recorded(make_product, actor=manager)
    page = desk.get(f"{LIST}?queue=today").content.decode()
    links = [part.split('"')[0] for part in page.split(f'href="{LIST}?')[1:]]
    link = next(each for each in links if each.startswith(f"actor__id__exact={operator.pk}&"))
    assert listed(desk, link.replace("&amp;", "&")) == [mine.pk]


def test_price_changes_of_the_week_are_a_tab(desk: Any, renamed: ChangeSet) -> None:
    recorded(lambda: Product.objects.update(name="Other"))
    recorded(lambda: make_product(price=9))
    assert "Product: price, this week" in text(desk.get(LIST))
    assert listed(desk, "queue=catalog.product-price") == [renamed.pk]


def test_changes_are_filtered_by_what_they_wrote(desk: Any, renamed: ChangeSet) -> None:
    category = recorded(lambda: Category.objects.create(name="Chairs"))
    assert listed(desk, "written=catalog.category") == [category.pk]
    assert listed(desk, "written=catalog.product.name") == [renamed.pk]
    assert desk.get(f"{LIST}?written=no.model").status_code == 302


def test_a_download_holds_each_field_in_words(desk: Any, renamed: ChangeSet) -> None:
    lines = b"".join(desk.get(url(renamed, "download")).streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 5
    assert lines[1].split(",")[3:] == ["Changed", "Name", "Old", "New"]
    assert lines[2].split(",")[4:] == ["Price", "2.50", "3.75"]


def test_a_download_leaves_out_what_one_may_not_export(viewer: Any, manager: Any, signed_in: Any) -> None:
    change_set = recorded(lambda: (make_customer(name="Ada"), make_product(name="Chair")))
    mine, theirs = (
        b"".join(signed_in(user).get(url(change_set, "download")).streaming_content).decode()
        for user in (manager, viewer)
    )
    assert ("Ada" in mine, "Ada" in theirs, "Chair" in theirs) == (True, False, True)


def test_deleted_rows_are_listed_with_the_way_back(desk: Any) -> None:
    category = Category.objects.create(name="Chairs")
    change_set = recorded(category.delete, reason="tidied up")
    page = text(desk.get(f"{LIST}deleted/"))
    for words in ("Chairs", "tidied up", url(change_set)):
        assert words in page
    assert listed(desk, "queue=deletions") == [change_set.pk]
    desk.post(url(change_set), {"reason": "needed"})
    assert Category.objects.get().name == "Chairs"
    assert "Nothing that was deleted" in text(desk.get(f"{LIST}deleted/"))


# An import that was undone says so


@pytest.fixture
def applied(manager: Any, renamed: ChangeSet) -> ImportJob:
    state = ImportJob.State.APPLIED
    return ImportJob.objects.create(
        resource="products", filename="list.csv", size=1, owner=manager, state=state, change_set=renamed, detected=READ
    )


def states(desk: Any) -> str:
    """Return the badge of the import in the list, and on its page."""
    (row,) = desk.get("/spreadsheets/importjob/").context["cl"].result_list
    page = text(desk.get(f"/spreadsheets/importjob/{row.pk}/change/"))
    return f"{state_badge(row).split('>')[1].split('<')[0]}, {page.split('desk-badge')[1].split('>')[1].split('<')[0]}"


def imports_in(desk: Any, state: str) -> int:
    return len(desk.get(f"/spreadsheets/importjob/?state__exact={state}").context["cl"].result_list)


def test_an_import_is_undone_as_long_as_its_undo_is_in_force(desk: Any, applied: ImportJob) -> None:
    assert states(desk) == "Applied, Applied"
    undo = undo_change_set(change_set=applied.change_set, actor=None)
    assert states(desk) == "Undone, Undone"
    assert (imports_in(desk, "undone"), imports_in(desk, "applied")) == (1, 0)
    undo_change_set(change_set=undo, actor=None)
    assert states(desk) == "Applied, Applied"
    assert (imports_in(desk, "undone"), imports_in(desk, "applied")) == (0, 1)


def test_an_import_that_was_undone_in_part_offers_the_rest(desk: Any, applied: ImportJob) -> None:
    product = Product.objects.first()
    undo_change_set(change_set=applied.change_set, actor=None, only={"catalog.product": [product.pk]})
    assert states(desk) == "Applied, Undone in part"
    assert "Undo this import…" in text(desk.get(f"/spreadsheets/importjob/{applied.pk}/change/"))
