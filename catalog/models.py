"""What is sold, where it belongs, and how much of it there is."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round, Trim, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import REMOVE, UndoRefusal, UndoRules
from backoffice.changes.triggers import APPEND_ONLY, InsertHistory
from backoffice.notes.models import Note
from catalog.querysets import CategoryQuerySet, ProductQuerySet, StockMovementQuerySet
from catalog.triggers import MoveStock, RefuseCategoryCycle, RefuseStockWithoutMovement


class Category(TrackedModel):
    """A place in the tree of goods."""

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("within"),
        help_text=_("Leave empty for a category at the top."),
    )
    position = models.PositiveIntegerField(
        _("position"), default=0, help_text=_("Smaller numbers come first among neighbours.")
    )
    description = models.TextField(_("description"), blank=True)

    objects = CategoryQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["name"]
        triggers = [*TrackedModel.Meta.triggers, RefuseCategoryCycle()]
        constraints = [
            models.UniqueConstraint(
                Upper("name"),
                F("parent"),
                nulls_distinct=False,
                name="catalog_category_name_once",
                violation_error_message=_("There is a category of this name at this place already."),
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")),
                name="catalog_category_not_in_itself",
                violation_error_message=_("A category cannot be within itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.pk and self.parent_id and self.pk in type(self).objects.path_to(self.parent_id):
            raise ValidationError({"parent": _("A category cannot be within one of its own. Choose another place.")})


class Product(TrackedModel):
    """Something that is sold by the piece."""

    undo_rules = UndoRules(
        keeps=("on_hand", "reserved"),
        refusals=(
            UndoRefusal(
                _("Its stock movements stay in the ledger, and so does the product. Archive it instead."),
                actions=(REMOVE,),
                when=Q(movements__isnull=False),
            ),
        ),
    )

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        ARCHIVED = "archived", _("Archived")

    sku = models.CharField(_("SKU"), max_length=64, help_text=_("Your own code; capital and small letters are equal."))
    name = models.CharField(_("name"), max_length=255, blank=True)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="products",
        verbose_name=_("category"),
        db_index=False,  # one of the indexes below begins with it
    )
    barcode = models.CharField(_("barcode"), max_length=32, blank=True, help_text=_("EAN, UPC or GTIN, if it has one."))
    price = models.DecimalField(
        _("price"),
        max_digits=14,
        decimal_places=4,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("For one unit, without tax."),
    )
    cost = models.DecimalField(
        _("cost"),
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("What one unit costs you; leave empty if unknown."),
    )
    tax_rate = models.DecimalField(
        _("tax rate, %"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text=_("In per cent, such as 20."),
    )
    price_with_tax = models.GeneratedField(
        expression=Round(F("price") * (1 + F("tax_rate") / 100), 4),
        output_field=models.DecimalField(_("price with tax"), max_digits=16, decimal_places=4),
        db_persist=True,
        verbose_name=_("price with tax"),
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.DRAFT)
    tags = ArrayField(models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True)
    allow_backorder = models.BooleanField(
        _("allow backorders"), default=False, help_text=_("Sell it even when there is not enough on hand.")
    )
    reorder_level = models.PositiveIntegerField(
        _("reorder level"), default=0, help_text=_("At or below this many available it counts as low.")
    )
    on_hand = models.IntegerField(_("on hand"), default=0, editable=False)
    reserved = models.IntegerField(_("reserved"), default=0, editable=False)
    available = models.GeneratedField(
        expression=F("on_hand") - F("reserved"),
        output_field=models.IntegerField(_("available")),
        db_persist=True,
        verbose_name=_("available"),
    )

    objects = ProductQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["-pk"]
        permissions = [
            ("receive_stock", _("Can receive stock")),
            ("count_stock", _("Can count stock")),
            ("archive_product", _("Can archive products")),
        ]
        triggers = [*TrackedModel.Meta.triggers, RefuseStockWithoutMovement()]
        constraints = [
            models.UniqueConstraint(
                Upper("sku"),
                condition=~Q(status="archived"),
                name="catalog_product_sku_once",
                violation_error_message=_("Another product has this SKU. Archive that one first, or choose another."),
            ),
            models.CheckConstraint(
                condition=Q(sku=Trim("sku")) & ~Q(sku=""),
                name="catalog_product_sku_trimmed",
                violation_error_message=_("A SKU has no spaces around it and is not empty."),
            ),
            models.CheckConstraint(
                condition=Q(sku=models.Func(F("sku"), template="normalize(%(expressions)s, NFC)")),
                name="catalog_product_sku_normal",
                violation_error_message=_("The SKU holds letters in an unusual Unicode form. Type it anew."),
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="catalog_product_price_not_negative",
                violation_error_message=_("A price is zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(cost=None) | Q(cost__gte=0),
                name="catalog_product_cost_not_negative",
                violation_error_message=_("A cost is zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(tax_rate__gte=0, tax_rate__lte=100),
                name="catalog_product_tax_rate_per_cent",
                violation_error_message=_("A tax rate is between 0 and 100 per cent."),
            ),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0, reserved__gte=0),
                name="catalog_product_stock_not_negative",
                violation_error_message=_("Stock cannot fall below zero."),
            ),
            models.CheckConstraint(
                condition=Q(reserved__lte=F("on_hand")) | Q(allow_backorder=True),
                name="catalog_product_reserved_on_hand",
                violation_error_message=_("More is reserved than is on hand, and backorders are not allowed."),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="catalog_product_status"),
            models.Index(fields=["category", "-id"], name="catalog_product_category"),
            models.Index(
                OpClass(Upper("barcode"), "text_pattern_ops"),
                name="catalog_product_barcode_code",
                condition=~Q(barcode=""),
            ),
            models.Index(fields=["sku", "id"], name="catalog_product_by_sku"),
            models.Index(fields=["name", "id"], name="catalog_product_by_name"),
            models.Index(
                fields=["-id"],
                name="catalog_product_low",
                condition=Q(status="active", available__lte=F("reorder_level")),
            ),
            models.Index(fields=["-id"], name="catalog_product_backorder", condition=Q(allow_backorder=True)),
            models.Index(fields=["updated_at", "id"], name="catalog_product_updated"),
            models.Index(fields=["available"], name="catalog_product_available"),
            models.Index(OpClass(Upper("sku"), "text_pattern_ops"), name="catalog_product_sku_prefix"),
            models.Index(OpClass(Upper("name"), "text_pattern_ops"), name="catalog_product_name_prefix"),
            GinIndex(fields=["tags"], name="catalog_product_tags"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}".strip()

    def clean(self) -> None:
        super().clean()
        if not self.allow_backorder and self.reserved > self.on_hand:
            raise ValidationError(
                {
                    "allow_backorder": _(
                        "More is reserved than is on hand. Receive stock or cancel orders before you forbid backorders."
                    )
                }
            )


class StockMovement(TrackedModel):
    """One line of the stock ledger. The sum of a product's movements is what is on hand of it."""

    undo_rules = UndoRules(compensate="catalog.services.take_back_movements")

    class Reason(models.TextChoices):
        OPENING = "opening", _("Opening stock")
        RECEIPT = "receipt", _("Receipt")
        COUNT = "count", _("Count")
        SHIPMENT = "shipment", _("Shipment")
        RETURN = "return", _("Return")
        CORRECTION = "correction", _("Correction")

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="movements", verbose_name=_("product"), db_index=False
    )
    delta = models.IntegerField(_("change"), help_text=_("Units: in is positive, out is negative."))
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    reference = models.CharField(
        _("reference"), max_length=120, blank=True, help_text=_("Delivery note, shipment, count sheet …")
    )

    objects = StockMovementQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["-pk"]
        triggers = [InsertHistory(), *APPEND_ONLY, MoveStock()]
        constraints = [
            models.CheckConstraint(
                condition=~Q(delta=0),
                name="catalog_stockmovement_moves",
                violation_error_message=_("A movement of nothing is no movement."),
            ),
        ]
        indexes = [
            models.Index(fields=["product", "-id"], name="catalog_stockmovement_product"),
            models.Index(fields=["reason", "-id"], name="catalog_stockmovement_reason"),
            models.Index(fields=["-created_at", "-id"], name="catalog_stockmovement_when"),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+d} {self.get_reason_display()}"


class ProductNote(Note):
    """A note on a product."""

    subject_field = "product"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="notes", verbose_name=_("product"))

    class Meta(Note.Meta):
        verbose_name = _("note")
        verbose_name_plural = _("notes")
