"""The order list and the order page."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Case, Exists, OuterRef, Q, TextField, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.desk.admin.timelines import TimelineMixin
from backoffice.desk.columns import (
    NOTHING,
    badge,
    choice_words,
    code,
    column,
    money,
    number,
    on_day,
    status_badge,
    text,
    when,
)
from backoffice.desk.filters import ChoiceFilter, DateRangeFilter, RelatedFilter, ValueFilter
from backoffice.desk.queues import Queue
from orders.admin.actions import OrderActions
from orders.admin.inlines import (
    DraftLineInline,
    LineInline,
    LinesSection,
    NotesSection,
    PaymentInline,
    ReturnInline,
    ShipmentInline,
)
from orders.models import Order, OrderLine, Payment, Return, Shipment
from orders.services import OrderDraft, create_draft_order, recalculate_draft

# What exports of the list hold in the place of columns that are put together.
BUYER = Coalesce(
    NullIf("customer__company", Value("")),
    NullIf("customer__name", Value("")),
    "customer__number",
    NullIf("email", Value("")),
    output_field=TextField(),
)
PAYMENT = Case(
    When(status=Order.Status.DRAFT, then=None),
    default=choice_words("payment_state", Order.PaymentState.choices),
    output_field=TextField(),
)
FULFILMENT = Case(
    When(status=Order.Status.DRAFT, then=None),
    When(Q(status=Order.Status.PLACED) & ~Q(hold_reason=""), then=Value("On hold")),
    default=choice_words("fulfilment_state", Order.FulfilmentState.choices),
    output_field=TextField(),
)
DRAFTED = ("customer", "email", "country", "channel", "billing_address", "shipping_address", "tags")


def buyer(order: Order) -> str:
    """Return who ordered; a guest by the address of their confirmation."""
    return str(order.customer) if order.customer else order.email or str(_("Guest"))


def payment(order: Order) -> str:
    """Return how far the order is paid; a draft is not due."""
    if order.status == Order.Status.DRAFT:
        return NOTHING
    return status_badge(order.payment_state, order.get_payment_state_display())


def fulfilment(order: Any) -> str:
    """Return how far the order is shipped, in units while it is on its way; a hold comes before all."""
    if order.status == Order.Status.DRAFT:
        return NOTHING
    if order.hold_reason and order.status == Order.Status.PLACED:
        return status_badge("on_hold", _("On hold"))
    label = order.get_fulfilment_state_display()
    if order.fulfilment_state == Order.FulfilmentState.PART:
        label = f"{label} {order.units_shipped}/{order.units}"
    return status_badge(order.fulfilment_state, label)


@admin.register(Order)
class OrderAdmin(TimelineMixin, OrderActions):
    list_display = (
        "ref",
        "placed",
        "bought_by",
        "where",
        "lines",
        "sum",
        "state",
        "paid_state",
        "shipped_state",
        "due_on",
    )
    list_display_links = ("ref",)
    sortable_by = ("placed", "sum", "due_on")
    search_exact = ("number", "shipments__tracking_number")
    search_prefix = ("email", "customer__name", "customer__company", "customer__number")
    search_help_text = _("Number, e-mail, name, tracking")
    list_filter = (
        ("status", ChoiceFilter),
        ("payment_state", ChoiceFilter),
        ("fulfilment_state", ChoiceFilter),
        ("placed_at", DateRangeFilter),
        ("country", ValueFilter),
        ("customer", RelatedFilter),
        ("kind", ChoiceFilter),
    )
    narrowed_by = ("channel", "currency")  # by reports, together with a range of dates
    queues = (
        Queue(
            "to_ship",
            _("To ship"),
            lambda orders, user: orders.to_ship(),
            on_home=True,
            empty=_("Everything is on its way."),
        ),
        Queue("unpaid", _("Unpaid"), lambda orders, user: orders.owing(), tone="amber", on_home=True),
        Queue("on_hold", _("On hold"), lambda orders, user: orders.on_hold(), tone="amber", on_home=True),
        Queue("overpaid", _("Owed to customers"), lambda orders, user: orders.overpaid(), tone="red", on_home=True),
        Queue("mine", _("Mine"), lambda orders, user: orders.open().assigned_to(user), personal=True),
        Queue(
            "due",
            _("Mine to follow up"),
            lambda orders, user: orders.assigned_to(user).due(timezone.localdate()),
            tone="red",
            personal=True,
            on_home=True,
        ),
        Queue("drafts", _("Drafts"), lambda orders, user: orders.filter(status="draft"), tone="grey"),
        Queue("sold", _("Sold"), lambda orders, user: orders.placed(), counted=False, tab=False),
    )
    list_sections = (LinesSection, NotesSection)
    spreadsheets = ("orders", "order-tags")
    empty_text = _("Write the first order, or import orders from a spreadsheet.")
    palette_icon = "receipt_long"

    add_fieldsets = (
        (None, {"fields": (("customer", "email"), ("country", "channel"))}),
        (_("Addresses"), {"classes": ["collapse"], "fields": (("billing_address", "shipping_address"),)}),
    )
    fieldsets = (
        (
            _("Details"),
            {
                "classes": ["collapse"],
                "fields": (
                    ("customer", "email"),
                    ("country", "channel"),
                    ("billing_address", "shipping_address"),
                    "tags",
                    ("goods", "off", "sent_for", "levy", "sum"),
                ),
            },
        ),
    )
    inlines = (DraftLineInline, LineInline, PaymentInline, ShipmentInline, ReturnInline)
    asks_reason = True
    change_form_outer_before_template = "orders/summary.html"

    ref = code("number", _("order"))
    placed = when("placed_at", _("placed"))
    bought_by = column(buyer, _("customer"), exported=BUYER)
    where = text("country")
    lines = number("lines_count", _("lines"))
    sum = money("total", _("total"), sort="total")
    goods = money("subtotal")
    off = money("discount")
    sent_for = money("shipping")
    levy = money("tax")
    state = badge("status")
    paid_state = column(payment, _("payment"), sort="payment_state", exported=PAYMENT)
    shipped_state = column(fulfilment, _("fulfilment"), exported=FULFILMENT)
    due_on = on_day("follow_up_on", _("follow-up"))

    def palette_words(self, row: Order) -> str:
        return f"{row.get_status_display()} · {row.email or row.country or row.get_kind_display()}"

    # The page

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        figures = ("goods", "off", "sent_for", "levy", "sum")
        if obj is None:
            return ()
        return figures if obj.status == Order.Status.DRAFT else ("customer", "country", "channel", *figures)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Return the lines as they can be changed, or not any longer, and what there is besides."""
        if obj is None or obj.status == Order.Status.DRAFT:
            return [DraftLineInline]
        there = self.what_there_is(obj)
        besides = ((PaymentInline, "payments"), (ShipmentInline, "shipments"), (ReturnInline, "returns"))
        return [LineInline, *(inline for inline, name in besides if there[f"has_{name}"])]

    def what_there_is(self, order: Order) -> dict[str, bool]:
        """Return which kinds of rows an order has, in one query."""
        models: dict[str, Any] = {"payments": Payment, "shipments": Shipment, "returns": Return}
        held = {f"has_{name}": Exists(model.objects.filter(order=OuterRef("pk"))) for name, model in models.items()}
        return Order.objects.filter(pk=order.pk).order_by().values(**held).get()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        order = kwargs.get("obj")
        if order is not None:
            context |= {"figures": self.figures_of(order), "badges": self.badges_of(order)}
            context["customer_url"] = self.customer_url(order)
        return super().render_change_form(request, context, **kwargs)

    def badges_of(self, order: Order) -> list[str]:
        badges = [status_badge(order.status, order.get_status_display())]
        if order.status != Order.Status.DRAFT:
            badges.append(status_badge(order.payment_state, order.get_payment_state_display()))
            badges.append(status_badge(order.fulfilment_state, order.get_fulfilment_state_display()))
        return badges

    def figures_of(self, order: Order) -> list[tuple[Any, Any, str]]:
        """Return the four amounts that stand beside the name of an order."""
        unpaid = order.balance > 0 and order.status != Order.Status.DRAFT
        tone = "desk-red-text" if unpaid else "desk-amber-text" if order.balance < 0 else ""
        return [
            (_("Total"), order.total, ""),
            (_("Paid"), order.paid, ""),
            (_("Refunded"), order.refunded, ""),
            (_("Due") if order.balance >= 0 else _("Owed to them"), abs(order.balance), tone),
        ]

    def customer_url(self, order: Order) -> str:
        return reverse("admin:customers_customer_change", args=[order.customer_id]) if order.customer_id else ""

    # Writes of drafts

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        if change:
            return super().save_model(request, obj, form, change)
        known = {name: value for name, value in form.cleaned_data.items() if name in DRAFTED}
        created = create_draft_order(draft=OrderDraft(**known), actor=request.user)
        obj.__dict__.update(created.__dict__)
        return None

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        if formset.model is not OrderLine:
            return super().save_formset(request, form, formset, change)
        formset.save(commit=False)
        if formset.has_changed():
            last = form.instance.lines.count()
            for line in formset.deleted_objects:
                line.delete()
            for position, line in enumerate(formset.new_objects, last + 1):
                line.position = position
            for line, names in [*formset.changed_objects, *((line, ["product"]) for line in formset.new_objects)]:
                complete_line(line, names)
                line.save()
            recalculate_draft(order=form.instance, actor=request.user)
        return None


def complete_line(line: Any, changed: Collection[str]) -> None:
    """Give a line of a draft what was left open: a cleared price is the product's own, and its tax is the product's."""
    if line.unit_price is None:
        line.unit_price = line.product.price
    if "product" in changed:
        line.tax_rate = line.product.tax_rate
    line.discount = line.discount or Decimal(0)
