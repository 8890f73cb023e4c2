"""Spreadsheets of products, their prices and tags, and of categories."""

from typing import Any

from django.conf import settings
from django.db.models import F, Func, QuerySet, TextField
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Blank, Column, Lookup, WordsValue
from backoffice.spreadsheets.guards import Effect, falls_to_zero, jump, share_of_rows
from backoffice.spreadsheets.keys import ID, by_id
from backoffice.spreadsheets.resources import TableResource
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import (
    BooleanValue,
    ChoiceValue,
    CodeValue,
    DecimalValue,
    IntegerValue,
    TextValue,
)
from catalog.models import Category, Product
from catalog.resources.codes import BARCODE, PRODUCT_CODES

MONEY = DecimalValue(digits=14, places=4, minimum=0, unit=settings.CURRENCY)
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
PATH_OF_CATEGORY = """
    WITH RECURSIVE up AS (
        SELECT own.id, own.parent_id, own.name::text AS path FROM catalog_category AS own WHERE own.id = %(expressions)s
        UNION ALL
        SELECT above.id, above.parent_id, above.name || ' > ' || up.path
        FROM catalog_category AS above JOIN up ON above.id = up.parent_id
    )
    SELECT path FROM up WHERE parent_id IS NULL
"""
# Archived products give their codes free: they are matched only by rows that say "archived" themselves, the newest of
# those with a code that no other product has.
WITH_ARCHIVED = """(
    SELECT * FROM catalog_product WHERE status <> 'archived'
    UNION ALL (
        SELECT DISTINCT ON ({old}) * FROM catalog_product AS old
        WHERE old.status = 'archived' AND NOT EXISTS (
            SELECT FROM catalog_product AS new WHERE new.status <> 'archived' AND {new} = {old}
        )
        ORDER BY {old}, old.id DESC
    )
)"""

PRICE_GUARDS = (
    jump("price"),
    falls_to_zero(
        "price", ngettext_lazy("%(count)s price becomes 0.", "%(count)s prices become 0.", "count"), managed=20
    ),
)
PRICE_EFFECTS = (
    Effect(
        label=_("Value of the stock at cost"),
        total="sum(t.on_hand * (coalesce(w.cost, 0) - coalesce(w.was_cost, 0)))",
        needs=("cost",),
        is_money=True,
    ),
    Effect(
        label=_("Value of the stock at its price"),
        total="sum(t.on_hand * (w.price - w.was_price))",
        needs=("price",),
        is_money=True,
    ),
)


class ProductResource(TableResource):
    """Products, one a row, matched by SKU whatever its case, or by barcode or ID, and then the SKU may change."""

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
    barcode = Column("barcode", CodeValue(max_length=32), label=_("Barcode"), aliases=BARCODE.aliases)
    price = Column(
        "price",
        MONEY,
        label=_("Price"),
        aliases=["Unit price"],
        blank=Blank.KEEPS,
        help_text=_("For one unit, without tax. A new product without one costs 0."),
    )
    cost = Column("cost", MONEY, label=_("Cost"), aliases=["Unit cost"])
    tax_rate = Column(
        "tax_rate",
        DecimalValue(digits=5, places=2, minimum=0, maximum=100, unit="%"),
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
    keys = (*PRODUCT_CODES, by_id())
    renames = True
    title = _("Products")
    guards = (share_of_rows(), *PRICE_GUARDS)
    effects = PRICE_EFFECTS

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
        if not stage.has("status"):
            return f"catalog_product AS t ON {self.same_key()} AND t.status <> 'archived'"
        new, old = (self.key_expression.format(alias=alias) for alias in ("new", "old"))
        products = "catalog_product" if self.key == ID else WITH_ARCHIVED.format(new=new, old=old)
        return f"{products} AS t ON {self.same_key()} AND (t.status <> 'archived' OR r.status = 'archived')"

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


class PriceResource(ProductResource):
    """Prices and costs of products that are there, and nothing else of them."""

    creates = False
    renames = False
    title = _("Prices")

    class Meta:
        model = Product
        fields = ("sku", "price", "cost")

    def export_queryset(self) -> QuerySet[Any]:
        return Product.objects.current().order_by("pk")


class ProductTagResource(ProductResource):
    """Tags of products that are there."""

    creates = False
    renames = False
    title = _("Tags of products")

    class Meta:
        model = Product
        fields = ("sku", "tags")

    def export_queryset(self) -> QuerySet[Any]:
        return Product.objects.current().order_by("pk")


class CategoryResource(TableResource):
    """Categories, one a row, matched by name and place. One that is to stand in a new one comes with the next file."""

    name = Column("name", TextValue(max_length=100, required=True), label=_("Name"), required=True)
    parent = Column(
        "parent_path",
        TextValue(),
        label=_("Within"),
        aliases=["Parent", "Parent category"],
        target="parent_id",
        lookup=Lookup(
            CATEGORY_WORDS,
            unknown=_("There is no category “%s” to put it in. Import that one first, or correct it."),
            ambiguous=_("Several categories are called “%s”. Write its path, such as Drinks > Tea."),
        ),
        help_text=_("By name, or by path (Drinks > Tea). Blank for a category at the top."),
    )
    position = Column("position", IntegerValue(minimum=0), label=_("Position"), blank=Blank.KEEPS)
    description = Column("description", TextValue(multiline=True), label=_("Description"))

    key = "name"
    key_expression = "upper({alias}.name)"
    identity = ("parent",)
    title = _("Categories")

    class Meta:
        model = Category
        fields = ("name", "parent", "position", "description")

    def export_queryset(self) -> QuerySet[Any]:
        path = Func(F("parent"), template=f"({PATH_OF_CATEGORY})", output_field=TextField())
        return Category.objects.annotate(parent_path=path).order_by("pk")

    def repeats_expression(self) -> str:
        return "concat_ws(' < ', upper({alias}.name), upper({alias}.parent))"

    def known_rows(self, stage: Stage) -> str:
        place = f"(SELECT min(words.id) FROM ({CATEGORY_WORDS}) AS words WHERE words.word = upper(r.parent))"
        return f"catalog_category AS t ON {self.same_key()} AND t.parent_id IS NOT DISTINCT FROM {place}"

    def taken(self) -> str:
        return f"{super().taken()} AND t.parent_id IS NOT DISTINCT FROM w.parent_id"
