"""What stands under an order."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.desk.admin import DeskTabularInline, ReadOnlyInline
from backoffice.desk.columns import badge, code, column, money, number, text, when
from backoffice.desk.forms import VersionedForm
from backoffice.desk.sections import TableSection
from orders.models import OrderLine, Payment, Return, Shipment


class DraftLineForm(VersionedForm):
    """A line of a draft; an empty price is the product's own."""

    unit_price = forms.DecimalField(label=_("Unit price"), required=False, min_value=0, max_digits=14, decimal_places=4)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1)
    discount = forms.DecimalField(
        label=_("Discount"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        help_text=_("Off the whole line."),
    )


class DraftLineInline(DeskTabularInline):
    """Lines that can still be changed."""

    model = OrderLine
    form = DraftLineForm
    fields = ("product", "quantity", "unit_price", "discount", "sum")
    readonly_fields = ("sum",)
    verbose_name = _("line")
    verbose_name_plural = _("lines")

    sum = money("total", _("total"))

    def get_extra(self, request: Any, obj: Any = None, **kwargs: Any) -> int:
        """Return how many empty lines wait: one in a new order."""
        return 0 if obj else 1


class LineInline(ReadOnlyInline):
    """Lines of a placed order, with what became of them."""

    model = OrderLine
    verbose_name_plural = _("lines")
    fields = ("item", "title", "ordered", "went", "back", "dropped", "on_hand", "available", "price", "off", "sum")

    item = code("sku", _("SKU"))
    title = text("name")
    ordered = number("quantity", _("ordered"))
    went = number("shipped")
    back = number("returned")
    dropped = number("cancelled")
    on_hand = number("product__on_hand", _("on hand"))
    available = number("product__available", _("available"), warn_below=0)
    price = money("unit_price", _("price"))
    off = money("discount")
    sum = money("total", _("total"))

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("product")


class PaymentInline(ReadOnlyInline):
    model = Payment
    tab = True
    fields = ("at", "sort_of", "status", "amount_paid", "by", "reference", "why")

    at = when("created_at", _("when"))
    sort_of = column(lambda payment: payment.get_kind_display(), _("kind"))
    status = badge("state")
    amount_paid = money("amount")
    by = column(lambda payment: payment.get_method_display(), _("method"))
    reference = code("provider_reference", _("reference"))
    why = text("reason")


class ShipmentInline(ReadOnlyInline):
    model = Shipment
    tab = True
    fields = ("left", "carrier_name", "tracking", "contents")

    left = when("shipped_at", _("shipped"))
    carrier_name = text("carrier")
    tracking = code("tracking_number", _("tracking number"))
    contents = column(
        lambda shipment: ", ".join(f"{line.quantity} × {line.line.sku}" for line in shipment.lines.all()), _("contents")
    )

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("lines__line")


class ReturnInline(ReadOnlyInline):
    model = Return
    tab = True
    fields = ("arrived", "contents", "why")

    arrived = when("received_at", _("received"))
    contents = column(
        lambda goods: ", ".join(f"{line.quantity} × {line.line.sku}" for line in goods.lines.all()), _("contents")
    )
    why = text("reason")

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("lines__line")


class LinesSection(TableSection):
    """The lines of an order, when it is opened in the list."""

    title = _("Lines")
    empty_text = _("No lines yet.")
    columns = (
        code("sku", _("SKU")),
        text("name"),
        number("quantity", _("ordered")),
        number("shipped"),
        number("product__available", _("available"), warn_below=1),
        money("total"),
    )

    def rows(self) -> Any:
        return self.row.lines.select_related("product")[:20]


class NotesSection(TableSection):
    """The latest notes."""

    title = _("Notes")
    empty_text = _("No notes.")
    columns = (when("created_at", _("when")), text("author", _("who")), text("text", _("note")))

    def rows(self) -> Any:
        return self.row.notes.select_related("author")[:3]
