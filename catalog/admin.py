"""Products, categories and the stock ledger on the desk."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import DeskModelAdmin, ReadOnlyAdmin, ReadOnlyInline
from backoffice.desk.admin.timelines import TimelineMixin
from backoffice.desk.columns import NOTHING, badge, code, column, figure, money, number, row_link, signed, text, when
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter, YesNoFilter
from backoffice.desk.forms import ActionForm, ReasonForm
from backoffice.desk.queues import Queue
from backoffice.desk.sections import TableSection
from catalog.models import Category, Product, StockMovement
from catalog.services import (
    adjust_prices,
    archive_product,
    can_archive_product,
    can_change_prices,
    can_count_stock,
    can_receive_stock,
    can_restore_product,
    count_stock,
    receive_stock,
    restore_product,
)


def margin_in_words(product: Product) -> str:
    """Return what one unit earns, and as a share of its price; a dash while the cost is unknown."""
    if product.cost is None or not product.price:
        return NOTHING
    margin = product.price - product.cost
    return f"{figure(margin)} ({figure(100 * margin / product.price, 1)} %)"


class ReceiveStockForm(ActionForm):
    """So many units came in."""

    quantity = forms.IntegerField(label=_("Units received"), min_value=1)
    reference = forms.CharField(
        label=_("Delivery note"), max_length=120, required=False, help_text=_("So that the movement can be traced.")
    )


class CountStockForm(ReasonForm):
    """So many units are on the shelf."""

    counted = forms.IntegerField(label=_("Units counted"), min_value=0)
    reference = forms.CharField(label=_("Count sheet"), max_length=120, required=False)


class AdjustPriceForm(ReasonForm):
    """Prices go up or down by a share."""

    percent = forms.DecimalField(
        label=_("Change by, %"),
        min_value=Decimal(-99),
        max_value=Decimal(1000),
        decimal_places=2,
        help_text=_("5 raises by five per cent, -5 lowers. Prices are rounded to the cent."),
    )


class MovementsInline(ReadOnlyInline):
    model = StockMovement
    verbose_name_plural = _("stock movements")
    fields = ("moved", "change", "why", "note")

    moved = when("created_at", _("when"))
    change = signed("delta", _("change"))
    why = column(lambda movement: movement.get_reason_display(), _("reason"))
    note = text("reference")


class MovementsSection(TableSection):
    title = _("Latest movements")
    empty_text = _("Nothing moved yet. Receive stock to begin.")
    columns = (
        when("created_at", _("when")),
        signed("delta", _("change")),
        column(lambda movement: movement.get_reason_display(), _("reason")),
        text("reference"),
    )

    def rows(self) -> Any:
        return self.row.movements.order_by("-pk")[:5]


class OpenLinesSection(TableSection):
    title = _("Open orders")
    empty_text = _("No open order waits for it.")
    columns = (
        code("order__number", _("order")),
        when("order__placed_at", _("placed")),
        number("quantity"),
        number("to_ship", _("to ship")),
    )

    def rows(self) -> Any:
        lines = self.row.order_lines.filter(order__status="placed")
        return lines.select_related("order").order_by("-pk")[:5]


@admin.register(Product)
class ProductAdmin(TimelineMixin, DeskModelAdmin):
    list_display = ("sku_code", "name", "category", "state", "list_price", "stock", "held", "free", "changed")
    list_display_links = ("sku_code", "name")
    sortable_by = ("sku_code", "name", "free")
    search_exact = ("sku", "barcode")
    search_prefix = ("name",)
    list_filter = (
        ("status", ChoiceFilter),
        ("category", RelatedFilter),
        ("allow_backorder", YesNoFilter),
        ("updated_at", DateRangeFilter),
    )
    queues = (
        Queue("on_sale", _("On sale"), lambda products, user: products.active()),
        Queue("low", _("Low on stock"), lambda products, user: products.low_on_stock(), tone="amber", on_home=True),
        Queue("oversold", _("Oversold"), lambda products, user: products.oversold(), tone="red", on_home=True),
        Queue("archived", _("Archived"), lambda products, user: products.filter(status="archived"), tone="grey"),
    )
    list_sections = (MovementsSection, OpenLinesSection)
    past_fields = ("sku", "name", "category", "status", "on_hand", "reserved", "available", "price", "cost")
    spreadsheets = ("products", "prices", "product-tags", "stock-count")
    palette_icon = "inventory_2"
    empty_text = _("Products appear here when they are added by hand or imported from a spreadsheet.")

    fieldsets = (
        (None, {"fields": (("sku", "name"), ("category", "status"), "description", ("barcode", "tags"))}),
        (_("Price"), {"fields": (("price", "tax_rate"), ("cost", "gross"), "gain")}),
        (_("Stock"), {"fields": (("stock", "held"), ("free", "reorder_level"), "allow_backorder")}),
    )
    add_fieldsets = (
        (None, {"fields": (("sku", "name"), ("category", "status"), "description", ("barcode", "tags"))}),
        (_("Price"), {"fields": (("price", "tax_rate"), "cost")}),
        (_("Stock"), {"fields": (("reorder_level", "allow_backorder"),)}),
    )
    readonly_fields = ("gross", "gain", "stock", "held", "free")
    inlines = (MovementsInline,)
    asks_reason = True
    desk_actions = ("receive", "count", "adjust", "archive", "restore")
    by_services = ("status",)
    price_fields = ("price", "cost")

    sku_code = code("sku", _("SKU"))
    state = badge("status")
    list_price = money("price", _("price"))
    gross = money("price_with_tax", _("price with tax"))
    gain = column(margin_in_words, _("margin"))
    stock = number("on_hand", _("on hand"))
    held = number("reserved", _("reserved"))
    free = number("available", _("available"), warn_below=1)
    changed = when("updated_at", _("changed"))

    @desk_action(
        _("Receive stock"),
        permission="receive_stock",
        form=ReceiveStockForm,
        icon="move_to_inbox",
        check=can_receive_stock,
        on_list=False,
        done=lambda count: _("Stock received."),
    )
    def receive(self, request: StaffRequest, product: Product, **asked: Any) -> None:
        receive_stock(product=product, actor=request.user, **asked)

    @desk_action(
        _("Count stock"),
        permission="count_stock",
        form=CountStockForm,
        icon="inventory",
        check=can_count_stock,
        on_list=False,
        done=lambda count: _("Stock counted."),
    )
    def count(self, request: StaffRequest, product: Product, **asked: Any) -> None:
        count_stock(product=product, actor=request.user, **asked)

    @desk_action(
        _("Change prices"),
        permission="change_product",
        form=AdjustPriceForm,
        icon="sell",
        check=lambda product, user: can_change_prices(user),
        done=lambda count: ngettext_lazy("%(count)s price changed.", "%(count)s prices changed.", count),
    )
    def adjust(self, request: StaffRequest, product: Product, **asked: Any) -> None:
        adjust_prices(product_ids=[product.pk], actor=request.user, **asked)

    @desk_action(
        _("Archive"),
        permission="archive_product",
        icon="archive",
        check=can_archive_product,
        explain=_("Archived products are off the lists; their SKU may be used again. Nothing is deleted."),
        done=lambda count: ngettext_lazy("%(count)s product archived.", "%(count)s products archived.", count),
    )
    def archive(self, request: StaffRequest, product: Product, **asked: Any) -> None:
        archive_product(product=product, actor=request.user, **asked)

    @desk_action(
        _("Restore"),
        permission="archive_product",
        icon="unarchive",
        check=can_restore_product,
        done=lambda count: ngettext_lazy("%(count)s product restored.", "%(count)s products restored.", count),
    )
    def restore(self, request: StaffRequest, product: Product, **asked: Any) -> None:
        restore_product(product=product, actor=request.user, **asked)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Category)
class CategoryAdmin(DeskModelAdmin):
    list_display = ("name", "within", "products")
    search_prefix = ("name",)
    spreadsheets = ("categories",)
    empty_text = _("Categories sort the catalogue. Add the first one, or import them with the products.")
    fields = (("name", "parent"), "position", "description")

    within = text("parent", _("within"))
    products = column(
        lambda category: row_link(
            f"{reverse('admin:catalog_product_changelist')}?category__id__exact={category.pk}",
            f"{category.products_count:,}",
        ),
        _("products"),
        exported="products_count",
        formatting="price",
    )


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ("moved", "goods", "change", "why", "note")
    list_display_links = ("moved",)
    sortable_by = ("moved",)
    search_exact = ("product__sku",)
    list_filter = (("reason", ChoiceFilter), ("product", RelatedFilter), ("created_at", DateRangeFilter))
    spreadsheets = ("stock-receipt",)
    empty_text = _("Every unit that comes or goes leaves a line here. Receive stock on a product to begin.")
    fields = ("goods", "change", "why", "note", "moved")
    readonly_fields = fields

    moved = when("created_at", _("when"))
    goods = column(
        lambda movement: row_link(
            reverse("admin:catalog_product_change", args=[movement.product_id]), movement.product
        ),
        _("product"),
        exported="product",
    )
    change = signed("delta", _("change"))
    why = column(lambda movement: movement.get_reason_display(), _("reason"), exported="reason")
    note = text("reference")
