"""Tables of random content, exported and imported again: nothing changes, and nothing is refused."""

import unicodedata
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from backoffice.spreadsheets.exports import export_sheet
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services import Request, import_file
from catalog.models import Product

SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".ods")


def words(most: int, *, least: int = 0, without: str = "", **signs: Any) -> st.SearchStrategy[str]:
    """Texts as the desk keeps them: composed and trimmed, of any signs but control characters."""
    allowed = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters=without, **signs)
    texts = st.text(allowed, max_size=most) | st.text("=+-@'\"0123456789.,;:/%eE ", max_size=most)
    trimmed = texts.map(lambda text: unicodedata.normalize("NFC", text).strip())
    return trimmed.filter(lambda text: least <= len(text) <= most and not set(text) & set(without))


def codes() -> st.SearchStrategy[str]:
    """Codes, many of which a spreadsheet program would take for something else."""
    looking_like = st.sampled_from(
        ["007", "1E5", "1-2", "3/4", "=A1", "'x", "+44", "12345678901234567890", "true", "-"]
    )
    plain = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
    return looking_like | plain


def products() -> st.SearchStrategy[list[Product]]:
    """Products with values of all kinds, told apart by their codes."""
    price = st.decimals(0, Decimal(10**10) - 1, places=4)
    product = st.builds(
        Product,
        sku=codes(),
        name=words(40),
        description=st.lists(words(20), max_size=3).map(lambda lines: "\n".join(lines).strip()),
        barcode=st.just("") | codes(),
        price=price,
        cost=price | st.none(),
        tags=st.lists(words(10, least=1, without=","), max_size=3, unique=True),
        reorder_level=st.integers(0, 2**31 - 1),
        allow_backorder=st.booleans(),
        status=st.sampled_from(["draft", "active"]),
    )
    return st.lists(product, min_size=1, max_size=4, unique_by=lambda each: each.sku.upper())


def expect_round_trip(rows: list[Product], suffix: str) -> None:
    """Fail unless a file of `rows` changes nothing when it is imported. Leaves nothing behind."""
    resource = get_resource("products")
    with TemporaryDirectory() as folder, transaction.atomic():
        Product.objects.bulk_create(rows)
        path = Path(folder) / f"rows{suffix}"
        assert export_sheet(resource, path) == len(rows)
        outcome, _change_set = import_file(
            request=Request(resource="products", path=path, filename=path.name), apply=False
        )
        assert outcome.problems == []
        assert (outcome.unchanged, outcome.samples) == (len(rows), [])
        transaction.set_rollback(True)
