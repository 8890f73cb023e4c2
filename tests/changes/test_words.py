"""Values in words, as they stand on the screen."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation

from backoffice.changes.context import recording
from backoffice.changes.diff import set_changes
from backoffice.changes.models import ChangeSet
from backoffice.changes.naming import labels_of
from backoffice.changes.words import Words
from catalog.models import Category, Product
from orders.models import Order, OrderEvent
from reports.models import ReportSchedule


def words(model: Any, name: str, value: Any) -> str:
    return Words().of(model._meta.get_field(name), value)


@pytest.mark.parametrize(
    ("model", "name", "value", "expected"),
    [
        (Product, "name", "", "—"),
        (Product, "cost", None, "—"),
        (Product, "tags", [], "—"),
        (Product, "status", "archived", "Archived"),
        (Product, "status", "forgotten", "forgotten"),
        (Product, "allow_backorder", False, "No"),
        (Product, "price", Decimal("1234.5000"), "1,234.50"),
        (Product, "price", Decimal("2.5512"), "2.5512"),
        (Product, "price", Decimal(0), "0.00"),
        (Product, "reorder_level", 0, "0"),
        (Product, "reorder_level", 12000, "12,000"),
        (Product, "tags", ["new", "tea"], "new, tea"),
        (ReportSchedule, "cron", "30 7 * * 1-5", "Each working day, Monday to Friday at 07:30"),
        (
            ReportSchedule,
            "parameters",
            {"limit": 20, "period": "last_quarter"},
            "Period: Last full quarter\nHow many: 20",
        ),
        (ReportSchedule, "parameters", {"gone": "x"}, "gone: x"),
        (ReportSchedule, "cron", "*/5 * * * *", "*/5 * * * *"),
        (OrderEvent, "data", {"units": 2, "sent_by": "DHL"}, "sent by: DHL\nunits: 2"),
        (OrderEvent, "data", {"lines": [{"sku": "A"}, {}], "note": None}, "lines: sku: A, —\nnote: —"),
    ],
)
def test_a_value_in_words(model: Any, name: str, value: Any, expected: str) -> None:
    assert words(model, name, value) == expected


def test_a_time_is_told_in_the_zone_and_language_of_the_reader() -> None:
    with timezone.override("Europe/London"), translation.override("en-gb"):
        assert words(Order, "placed_at", datetime(2026, 7, 1, 13, 5, tzinfo=UTC)) == "1 Jul 2026, 14:05"
        assert words(Order, "follow_up_on", date(2026, 7, 1)) == "1 Jul 2026"


@pytest.mark.django_db
def test_related_objects_are_named_with_one_query(django_assert_num_queries: Any) -> None:
    old, new = Category.objects.create(name="Tea"), Category.objects.create(name="Coffee")
    Product.objects.bulk_create([Product(sku=f"S{n}", category=old) for n in range(20)])
    with recording(kind="action"):
        Product.objects.update(category=new)
    changes = set_changes(ChangeSet.objects.latest("pk"), Product)
    with django_assert_num_queries(1):
        table = Words.for_changes(changes)
    field = changes[0].fields[0]
    assert (table.of(field.field, field.old), table.of(field.field, field.new)) == ("Tea", "Coffee")


@pytest.mark.django_db
def test_what_is_gone_is_called_as_it_was() -> None:
    category = Category.objects.create(name="Tea")
    pk = category.pk
    category.delete()
    field = Product._meta.get_field("category")
    assert labels_of(Category, [pk, -1]) == {pk: "Tea"}
    assert Words([(field, pk)]).of(field, pk) == "Tea"


def test_what_never_was_is_told_by_its_number() -> None:
    field = Product._meta.get_field("category")
    assert Words().of(field, 12) == "#12"
