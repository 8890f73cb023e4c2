"""Customers and their addresses on the desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import DeskModelAdmin, DeskStackedInline
from backoffice.desk.admin.timelines import TimelineMixin
from backoffice.desk.columns import badge, code, column, figure, money, number, row_link, status_badge, text, when
from backoffice.desk.filters import DateRangeFilter, ValueFilter, YesNoFilter
from backoffice.desk.forms import ActionForm, ReasonForm, VersionedForm
from backoffice.desk.queues import Queue
from backoffice.desk.sections import TableSection
from customers.models import Address, Customer
from customers.services import (
    archive_customer,
    block_customer,
    can_archive_customer,
    can_block_customer,
    can_restore_customer,
    can_set_consent,
    can_unblock_customer,
    next_customer_number,
    restore_customer,
    set_consent,
    unblock_customer,
)

# What exports of the list hold in the place of columns that are put together.
NAME = Coalesce(NullIf("company", Value("")), "name")
STATE = Case(
    When(archived_at__isnull=False, then=Value("Archived")),
    When(blocked=True, then=Value("Blocked")),
    default=Value("Active"),
)


class ConsentForm(ActionForm):
    """What the customer said about marketing."""

    agrees = forms.BooleanField(label=_("Agrees to marketing"), required=False)


class NewCustomerForm(VersionedForm):
    """A new customer; whoever has no number of their own for them is given the next one on saving."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].required = False
        self.fields["number"].help_text = _("Your own number for this customer. Left empty, they get the next one.")


class AddressInline(DeskStackedInline):
    model = Address
    fields = (("kind", "name", "is_default"), ("line1", "line2"), ("postal_code", "city"), ("region", "country"))


class OrdersSection(TableSection):
    title = _("Latest orders")
    empty_text = _("No orders yet.")
    columns = (
        code("number"),
        when("placed_at", _("placed")),
        badge("status"),
        badge("payment_state", _("payment")),
        money("total"),
    )

    def rows(self) -> Any:
        return self.row.orders.order_by("-pk")[:5]


def state_of(customer: Customer) -> str:
    """Return what staff must know before they take an order."""
    if customer.archived_at:
        return status_badge("archived", _("Archived"))
    if customer.blocked:
        return status_badge("blocked", _("Blocked"))
    return status_badge("active", _("Active"))


def orders_link(customer: Customer) -> str:
    """Return a link to the customer's orders, in the list of orders."""
    count = customer.figures.orders_count if hasattr(customer, "figures") else 0
    url = f"{reverse('admin:orders_order_changelist')}?customer__id__exact={customer.pk}"
    label = ngettext_lazy("%(count)s order", "%(count)s orders", count) % {"count": figure(count)}
    return row_link(url, label)


@admin.register(Customer)
class CustomerAdmin(TimelineMixin, DeskModelAdmin):
    list_display = ("code", "who", "mail", "country", "state", "orders", "spent", "last_order", "segment")
    list_display_links = ("code", "who")
    sortable_by = ("code", "mail")
    search_exact = ("number", "email")
    search_prefix = ("name", "company", "phone")
    list_filter = (
        ("country", ValueFilter),
        ("blocked", YesNoFilter),
        ("marketing_consent", YesNoFilter),
        ("created_at", DateRangeFilter),
    )
    queues = (
        Queue("current", _("Current"), lambda customers, user: customers.current()),
        Queue("blocked", _("Blocked"), lambda customers, user: customers.filter(blocked=True), tone="red"),
        Queue("archived", _("Archived"), lambda customers, user: customers.filter(archived_at__isnull=False)),
    )
    list_sections = (OrdersSection,)
    spreadsheets = ("customers", "customer-tags", "addresses")
    palette_icon = "group"
    empty_text = _("Customers appear here with their first order, by hand or by a spreadsheet.")

    fieldsets = (
        (None, {"fields": (("number", "state"), ("name", "company"), ("email", "phone"), ("country", "tags"))}),
        (_("Figures"), {"fields": (("orders_of", "spent", "last_order"), ("segment", "consent"))}),
    )
    add_fieldsets = ((None, {"fields": ("number", ("name", "company"), ("email", "phone"), ("country", "tags"))}),)
    readonly_fields = ("state", "orders_of", "spent", "last_order", "segment", "consent")
    inlines = (AddressInline,)
    asks_reason = True
    desk_actions = ("block", "unblock", "note_consent", "archive", "restore")

    code = code("number")
    who = column(lambda customer: customer.company or customer.name, _("name"), exported=NAME)
    mail = text("email", _("e-mail"))
    state = column(state_of, _("state"), exported=STATE)
    orders = number("figures__orders_count", _("orders"))
    orders_of = column(orders_link, _("orders"))
    spent = money("figures__spent", _("spent"))
    last_order = when("figures__last_order_at", _("last order"))
    segment = text("figures__segment", _("segment"))
    consent = column(
        lambda customer: _("agrees") if customer.marketing_consent else _("has not agreed"), _("marketing")
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("figures")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | ({} if obj else {"form": NewCustomerForm}))

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        obj.number = obj.number or next_customer_number()
        super().save_model(request, obj, form, change)

    @desk_action(
        _("Block"),
        permission="change_customer",
        form=ReasonForm,
        icon="block",
        tone="danger",
        check=can_block_customer,
        explain=_("No new orders are taken from blocked customers."),
        done=lambda count: ngettext_lazy("%(count)s customer blocked.", "%(count)s customers blocked.", count),
    )
    def block(self, request: StaffRequest, customer: Customer, **asked: Any) -> None:
        block_customer(customer=customer, actor=request.user, **asked)

    @desk_action(
        _("Unblock"),
        permission="change_customer",
        icon="check_circle",
        check=can_unblock_customer,
        done=lambda count: ngettext_lazy("%(count)s customer unblocked.", "%(count)s customers unblocked.", count),
    )
    def unblock(self, request: StaffRequest, customer: Customer, **asked: Any) -> None:
        unblock_customer(customer=customer, actor=request.user, **asked)

    @desk_action(
        _("Marketing consent"),
        permission="change_customer",
        form=ConsentForm,
        icon="campaign",
        check=can_set_consent,
        on_list=False,
        explain=_("Say in the reason how we know: a form, a call, a mail."),
        done=lambda count: _("Consent noted."),
    )
    def note_consent(self, request: StaffRequest, customer: Customer, **asked: Any) -> None:
        set_consent(customer=customer, actor=request.user, **asked)

    @desk_action(
        _("Archive"),
        permission="change_customer",
        icon="archive",
        check=can_archive_customer,
        explain=_("Archived customers are off the lists; their orders stay."),
        done=lambda count: ngettext_lazy("%(count)s customer archived.", "%(count)s customers archived.", count),
    )
    def archive(self, request: StaffRequest, customer: Customer, **asked: Any) -> None:
        archive_customer(customer=customer, actor=request.user, **asked)

    @desk_action(
        _("Restore"),
        permission="change_customer",
        icon="unarchive",
        check=can_restore_customer,
        done=lambda count: ngettext_lazy("%(count)s customer restored.", "%(count)s customers restored.", count),
    )
    def restore(self, request: StaffRequest, customer: Customer, **asked: Any) -> None:
        restore_customer(customer=customer, actor=request.user, **asked)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
