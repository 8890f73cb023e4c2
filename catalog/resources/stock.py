"""Spreadsheets of stock: what was counted, and what was delivered."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.guards import Effect, falls_to_zero, share_of_rows
from backoffice.spreadsheets.keys import Key
from backoffice.spreadsheets.merging import Merge
from backoffice.spreadsheets.resources import SheetResource
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import CodeValue, IntegerValue, TextValue
from backoffice.spreadsheets.versions import Compared, refuse_stale
from catalog.models import Product, StockMovement
from catalog.resources.codes import PRODUCT_CODES


def sku_column(attribute: str) -> Column:
    """Return the column that finds a product."""
    return Column(
        attribute,
        CodeValue(max_length=64, required=True),
        label=_("SKU"),
        aliases=["StockCode", "Article", "Item code", "Product code"],
        required=True,
        help_text=_("Finds the product, capital or small letters."),
    )


def stock_follows(relation: str) -> Merge:
    """Return the merge of the products whose stock the ledger's trigger changes."""
    return Merge(
        name="products",
        model=Product,
        relation=relation,
        inserted=(),
        updated=("on_hand",),
        key="w.sku",
        taken="false",
        follows=True,
    )


class StockResource(SheetResource):
    """Rows about the stock of products, which are found by SKU or barcode."""

    keys = PRODUCT_CODES

    @property
    def code(self) -> Key:
        """The code that finds the products."""
        return self.matched_by or self.keys[0]

    def products(self) -> str:
        """Return the products that the staged rows `r` are about, as SQL for a FROM clause with the alias `t`."""
        here, given = (self.code.expression.format(alias=alias) for alias in ("t", "r"))
        return f"catalog_product AS t ON {here} = {given} AND t.status <> 'archived'"

    def refuse_wrong_products(self, stage: Stage) -> None:
        """Refuse rows whose code is that of no product, or of several."""
        field = self.code.field
        stage.refuse(
            field,
            "unknown",
            f'format(%(message)s, r."{field}")',
            f'{stage.rows} AS r LEFT JOIN {self.products()} WHERE r."{field}" IS NOT NULL AND t.id IS NULL',
            {"message": gettext("There is no product with the code “%s”. Import the products first, or correct it.")},
        )
        self.refuse_several(stage, self.products())


class StockCountResource(StockResource):
    """What was counted on the shelves. Differences become movements of the ledger."""

    sku = sku_column("sku")
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
    guards = (
        share_of_rows(),
        falls_to_zero(
            "on_hand",
            ngettext_lazy(
                "%(count)s product that is on hand would be counted as none.",
                "%(count)s products that are on hand would be counted as none.",
                "count",
            ),
            managed=50,
        ),
    )
    effects = (
        Effect(label=_("Stock"), total="sum(w.on_hand - w.was_on_hand)"),
        Effect(
            label=_("Value of the stock at cost"),
            total="sum((w.on_hand - w.was_on_hand) * t.cost)",
            is_money=True,
        ),
    )

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
        known = self.products()
        self.refuse_repeats(stage, self.code.field, self.code.expression)
        self.refuse_wrong_products(stage)
        stage.refuse(
            "counted",
            "below_reserved",
            "format(%(message)s, r.counted, t.reserved)",
            f"{stage.rows} AS r JOIN {known} WHERE r.counted < t.reserved AND NOT t.allow_backorder",
            {"message": gettext("%s is less than the %s reserved by orders. Count again, or cancel orders first.")},
        )
        refuse_stale(
            stage,
            key=self.code.field,
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

    def shown_merge(self, merges: Sequence[Merge]) -> Merge:
        return merges[0]

    def merges(self, stage: Stage) -> list[Merge]:
        return [
            stock_follows(stage.table("main")),
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


class StockReceiptResource(StockResource):
    """What was delivered. A line of a delivery note that was received before changes nothing."""

    sku = sku_column("product__sku")
    quantity = Column(
        "delta",
        IntegerValue(minimum=1, required=True),
        label=_("Quantity"),
        aliases=["Received", "Units", "Qty"],
        required=True,
    )
    reference = Column(
        "reference",
        TextValue(max_length=120, required=True),
        label=_("Delivery note"),
        aliases=["Reference", "Delivery"],
        required=True,
        help_text=_("Its number. The same line of the same note is received once."),
    )

    title = _("Stock receipt")

    class Meta:
        model = StockMovement
        fields = ("sku", "quantity", "reference")

    @property
    def import_permission(self) -> str:
        return "catalog.import_stockmovement"

    @property
    def export_permissions(self) -> tuple[str, ...]:
        return ("catalog.export_stockmovement",)

    def export_queryset(self) -> QuerySet[Any]:
        return StockMovement.objects.receipts().order_by("pk")

    def build(self, stage: Stage) -> None:
        repeats = f"concat_ws(' ', {self.code.expression}, {{alias}}.reference)"
        self.refuse_repeats(stage, self.code.field, repeats)
        self.refuse_wrong_products(stage)
        stage.make(
            "main",
            "SELECT r.row, NULL::bigint AS id, t.id AS product_id, t.sku, r.quantity AS delta, r.reference,"
            f" CASE WHEN EXISTS (SELECT FROM catalog_stockmovement AS m WHERE m.product_id = t.id"
            " AND m.reason = 'receipt' AND m.delta = r.quantity AND m.reference = r.reference)"
            " THEN 'unchanged' ELSE 'create' END AS action"
            f" FROM {stage.rows} AS r JOIN {self.products()}"
            f" WHERE NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)",
        )
        stage.make(
            "products",
            "SELECT min(w.row) AS row, t.id, t.sku, t.on_hand AS was_on_hand, t.on_hand + sum(w.delta) AS on_hand,"
            f" 'update' AS action FROM {stage.table('main')} AS w JOIN catalog_product AS t ON t.id = w.product_id"
            " WHERE w.action = 'create' GROUP BY t.id",
        )

    def row_counts(self, stage: Stage) -> dict[str, int]:
        return self.merges(stage)[-1].counts()

    def merges(self, stage: Stage) -> list[Merge]:
        products = stage.table("products")
        return [
            stock_follows(products),
            Merge(
                name="stock movements",
                model=StockMovement,
                relation=stage.table("main"),
                inserted=("product_id", "delta", "reference"),
                updated=(),
                key="w.sku",
                taken="false",
                values={"reason": StockMovement.Reason.RECEIPT},
            ),
        ]
