"""Spreadsheets of products and of stock counts."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Blank, Column, Lookup, WordsValue
from backoffice.spreadsheets.merging import Merge
from backoffice.spreadsheets.resources import SheetResource, TableResource
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import (
    BooleanValue,
    ChoiceValue,
    CodeValue,
    DecimalValue,
    IntegerValue,
    TextValue,
)
from backoffice.spreadsheets.versions import Compared, refuse_stale
from catalog.models import Product, StockMovement

# A category is found by its own name or by its path from the top: "Drinks > Tea".
CATEGORY_WORDS = """
    WITH RECURSIVE tree AS (
        SELECT id, upper(name) AS path FROM catalog_category WHERE parent_id IS NULL
        UNION ALL
        SELECT below.id, tree.path || ' > ' || upper(below.name)
        FROM catalog_category AS below JOIN tree ON below.parent_id = tree.id
    )
    SELECT upper(name) AS word, id FROM catalog_category UNION SELECT path, id FROM tree
"""
# Archived products give their SKU free: they are matched only by rows that say "archived" themselves.
WITH_ARCHIVED = """(
    SELECT DISTINCT ON (upper(sku)) * FROM catalog_product ORDER BY upper(sku), (status = 'archived'), id DESC
)"""


class ProductResource(TableResource):
    """Products, one a row, matched by SKU whatever its case."""

    sku = Column(
        "sku",
        CodeValue(max_length=64, required=True),
        label=_("SKU"),
        aliases=["StockCode", "Article", "Item code", "Product code"],
        required=True,
        help_text=_("Finds the product, capital or small letters. The spelling of a product that exists stays."),
    )
    name = Column("name", TextValue(max_length=255), label=_("Name"), aliases=["Product name"])
    description = Column("description", TextValue(multiline=True), label=_("Description"))
    category = Column(
        "category__name",
        TextValue(),
        label=_("Category"),
        target="category_id",
        lookup=Lookup(
            CATEGORY_WORDS,
            unknown=_("There is no category “%s”. Create it first, or write the name of one that exists."),
            ambiguous=_("Several categories are called “%s”. Write its path, such as Drinks > Tea."),
        ),
        help_text=_("By name, or by path (Drinks > Tea). An unknown one is refused, not created."),
    )
    barcode = Column("barcode", CodeValue(max_length=32), label=_("Barcode"), aliases=["EAN", "GTIN", "UPC"])
    price = Column(
        "price",
        DecimalValue(digits=14, places=4, minimum=0),
        label=_("Price"),
        aliases=["Unit price"],
        blank=Blank.KEEPS,
        help_text=_("For one unit, without tax. A new product without one costs 0."),
    )
    cost = Column("cost", DecimalValue(digits=14, places=4, minimum=0), label=_("Cost"), aliases=["Unit cost"])
    tax_rate = Column(
        "tax_rate",
        DecimalValue(digits=5, places=2, minimum=0, maximum=100),
        label=_("Tax rate"),
        aliases=["Tax rate, %", "VAT"],
        blank=Blank.KEEPS,
    )
    status = Column(
        "status",
        ChoiceValue(dict(Product.Status.choices)),
        label=_("Status"),
        blank=Blank.KEEPS,
        help_text=_("draft, active or archived. A new product without one is a draft."),
    )
    tags = Column("tags", WordsValue(max_length=40), label=_("Tags"), sql_type="varchar[]")
    allow_backorder = Column(
        "allow_backorder",
        BooleanValue(true=("true", "yes", "1"), false=("false", "no", "0")),
        label=_("Allow backorder"),
        blank=Blank.KEEPS,
    )
    reorder_level = Column("reorder_level", IntegerValue(minimum=0), label=_("Reorder level"), blank=Blank.KEEPS)

    key = "sku"
    key_expression = "upper({alias}.sku)"
    title = _("Products")

    class Meta:
        model = Product
        import_id_fields = ("sku",)
        fields = (
            "sku",
            "name",
            "description",
            "category",
            "barcode",
            "price",
            "cost",
            "tax_rate",
            "status",
            "tags",
            "allow_backorder",
            "reorder_level",
        )

    def known_rows(self, stage: Stage) -> str:
        if stage.has("status"):
            archived_fits = "(t.status <> 'archived' OR r.status = 'archived')"
            return f"{WITH_ARCHIVED} AS t ON {self.same_key()} AND {archived_fits}"
        return f"catalog_product AS t ON {self.same_key()} AND t.status <> 'archived'"

    def taken(self) -> str:
        return f"{super().taken()} AND t.status <> 'archived'"

    def check(self, stage: Stage) -> None:
        """Hold to what the services hold to: nothing reserved is archived, nothing oversold loses its backorders."""
        known = f"{stage.rows} AS r JOIN {self.known_rows(stage)}"
        if stage.has("status"):
            stage.refuse(
                "status",
                "reserved",
                "format(%(message)s, t.reserved)",
                f"{known} WHERE r.status = 'archived' AND t.status <> 'archived' AND t.reserved > 0",
                {"message": gettext("%s of it are reserved by orders. Ship or cancel those before you archive it.")},
            )
        if stage.has("allow_backorder"):
            stage.refuse(
                "allow_backorder",
                "oversold",
                "%(message)s",
                f"{known} WHERE NOT r.allow_backorder AND t.reserved > t.on_hand",
                {"message": gettext("More is reserved than is on hand. Receive stock before you forbid backorders.")},
            )


class StockCountResource(SheetResource):
    """What was counted on the shelves. Differences become movements of the ledger."""

    sku = Column(
        "sku",
        CodeValue(max_length=64, required=True),
        label=_("SKU"),
        aliases=["StockCode", "Article", "Item code", "Product code"],
        required=True,
        help_text=_("Finds the product, capital or small letters."),
    )
    counted = Column(
        "on_hand",
        IntegerValue(minimum=0, required=True),
        label=_("Counted"),
        aliases=["On hand", "Quantity", "Count"],
        required=True,
        help_text=_("Units on hand, reserved ones among them."),
    )

    title = _("Stock count")
    versioned = True

    class Meta:
        model = Product
        import_id_fields = ("sku",)
        fields = ("sku", "counted")

    @property
    def import_permission(self) -> str:
        return "catalog.import_stockmovement"

    def export_queryset(self) -> QuerySet[Any]:
        return Product.objects.current().order_by("pk")

    def build(self, stage: Stage) -> None:
        self.refuse_repeats(stage, "sku", "upper({alias}.sku)")
        known = "catalog_product AS t ON upper(t.sku) = upper(r.sku) AND t.status <> 'archived'"
        stage.refuse(
            "sku",
            "unknown",
            "format(%(message)s, r.sku)",
            f"{stage.rows} AS r LEFT JOIN {known} WHERE r.sku IS NOT NULL AND t.id IS NULL",
            {"message": gettext("There is no product with the SKU “%s”. Import the products first, or correct it.")},
        )
        stage.refuse(
            "counted",
            "below_reserved",
            "format(%(message)s, r.counted, t.reserved)",
            f"{stage.rows} AS r JOIN {known} WHERE r.counted < t.reserved AND NOT t.allow_backorder",
            {"message": gettext("%s is less than the %s reserved by orders. Count again, or cancel orders first.")},
        )
        refuse_stale(
            stage,
            key="sku",
            model=Product,
            known_rows=known,
            compared={"counted": Compared(target="on_hand", wanted="r.counted")},
            params={},
        )
        stage.make(
            "main",
            "SELECT r.row, t.id, t.sku, r.counted AS on_hand, t.on_hand AS was_on_hand,"
            " CASE WHEN r.counted = t.on_hand THEN 'unchanged' ELSE 'update' END AS action"
            f" FROM {stage.rows} AS r JOIN {known}"
            f" WHERE NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)",
        )
        stage.make(
            "movements",
            "SELECT row, NULL::bigint AS id, 'create' AS action, id AS product_id, on_hand - was_on_hand AS delta, sku"
            f" FROM {stage.table('main')} WHERE action = 'update'",
        )

    def merges(self, stage: Stage) -> list[Merge]:
        return [
            Merge(
                name="products",
                model=Product,
                relation=stage.table("main"),
                inserted=(),
                updated=("on_hand",),
                key="w.sku",
                taken="false",
                follows=True,
            ),
            Merge(
                name="stock movements",
                model=StockMovement,
                relation=stage.table("movements"),
                inserted=("product_id", "delta"),
                updated=(),
                key="w.sku",
                taken="false",
                values={"reason": StockMovement.Reason.COUNT, "reference": gettext("Count sheet")},
            ),
        ]
