"""What is done with orders from the desk. Each is a service; the desk only asks and tells."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from backoffice.desk.actions import StaffRequest, desk_action
from backoffice.desk.admin import DeskModelAdmin
from orders.admin.forms import (
    AssignForm,
    CancelForm,
    ChargesForm,
    FollowUpForm,
    HoldForm,
    PaymentForm,
    PlaceForm,
    RefundForm,
    ReturnForm,
    ShipForm,
)
from orders.models import Order
from orders.services import (
    assign_order,
    can_assign_order,
    can_cancel_order,
    can_edit_order,
    can_hold_order,
    can_place_order,
    can_receive_return,
    can_record_payment,
    can_refund_order,
    can_release_order,
    can_ship_order,
    cancel_order,
    hold_order,
    place_order,
    receive_return,
    record_payment,
    refund_order,
    release_order,
    set_follow_up,
    set_order_charges,
    ship_order,
)


class OrderActions(DeskModelAdmin):
    """The actions of orders."""

    desk_actions = (
        "place",
        "ship",
        "pay",
        "refund",
        "take_back",
        "hold",
        "release",
        "assign",
        "follow_up",
        "charges",
        "cancel",
    )

    @desk_action(
        _("Place"),
        permission="place_order",
        form=PlaceForm,
        icon="task_alt",
        main=True,
        check=can_place_order,
        amount="total",
        hidden_when_refused=True,
        explain=_("Reserves the units and fixes the total."),
        done=lambda count: ngettext_lazy("%(count)s order placed.", "%(count)s orders placed.", count),
    )
    def place(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        place_order(order=order, actor=request.user, **asked)

    @desk_action(
        _("Ship"),
        permission="ship_order",
        form=ShipForm,
        icon="local_shipping",
        main=True,
        check=can_ship_order,
        amount="total",
        done=lambda count: ngettext_lazy("%(count)s order shipped.", "%(count)s orders shipped.", count),
    )
    def ship(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        ship_order(order=order, actor=request.user, **asked)

    @desk_action(
        _("Record payment"),
        permission="record_payment",
        form=PaymentForm,
        icon="payments",
        main=True,
        on_list=False,
        check=can_record_payment,
        done=lambda count: _("Payment recorded."),
    )
    def pay(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        record_payment(order=order, actor=request.user, **asked)

    @desk_action(
        _("Refund"),
        permission="refund_order",
        form=RefundForm,
        icon="undo",
        tone="danger",
        on_list=False,
        check=can_refund_order,
        explain=_("For money that you send back now. The goods stay where they are."),
        done=lambda count: _("Refund recorded."),
    )
    def refund(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        refund_order(order=order, actor=request.user, **asked)

    @desk_action(
        _("Receive return"),
        permission="receive_return",
        form=ReturnForm,
        icon="assignment_return",
        on_list=False,
        check=can_receive_return,
        explain=_("Credits what the units cost; the refund is a step of its own."),
        done=lambda count: _("Return received."),
    )
    def take_back(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        receive_return(order=order, actor=request.user, **asked)

    @desk_action(
        _("Put on hold"),
        permission="change_order",
        form=HoldForm,
        icon="pause_circle",
        check=can_hold_order,
        done=lambda count: ngettext_lazy("%(count)s order put on hold.", "%(count)s orders put on hold.", count),
    )
    def hold(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        hold_order(order=order, actor=request.user, **asked)

    @desk_action(
        _("Release"),
        permission="change_order",
        icon="play_circle",
        check=can_release_order,
        hidden_when_refused=True,
        done=lambda count: ngettext_lazy("%(count)s order released.", "%(count)s orders released.", count),
    )
    def release(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        release_order(order=order, actor=request.user, **asked)

    @desk_action(
        _("Assign"),
        permission="change_order",
        form=AssignForm,
        icon="person_add",
        check=can_assign_order,
        done=lambda count: ngettext_lazy("%(count)s order assigned.", "%(count)s orders assigned.", count),
    )
    def assign(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        assign_order(order=order, actor=request.user, **asked)

    @desk_action(
        _("Follow up"),
        permission="change_order",
        form=FollowUpForm,
        icon="event",
        check=can_assign_order,
        done=lambda count: ngettext_lazy("%(count)s follow-up set.", "%(count)s follow-ups set.", count),
    )
    def follow_up(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        set_follow_up(order=order, actor=request.user, **asked)

    @desk_action(
        _("Discount and shipping"),
        permission="change_order",
        form=ChargesForm,
        icon="percent",
        on_list=False,
        check=can_edit_order,
        hidden_when_refused=True,
        done=lambda count: _("Discount and shipping set."),
    )
    def charges(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        set_order_charges(order=order, actor=request.user, **asked)

    @desk_action(
        _("Cancel"),
        permission="cancel_order",
        form=CancelForm,
        icon="cancel",
        tone="danger",
        check=can_cancel_order,
        amount="total",
        explain=_("Releases what is reserved. Money that was paid stays on the order until it is refunded."),
        done=lambda count: ngettext_lazy("%(count)s order cancelled.", "%(count)s orders cancelled.", count),
    )
    def cancel(self, request: StaffRequest, order: Order, **asked: Any) -> None:
        cancel_order(order=order, actor=request.user, **asked)
