"""What the actions of an order ask."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import User
from backoffice.desk.forms import ActionForm, ReasonForm
from orders.models import Order, OrderLine, Payment
from orders.services import ReturnedUnits, refundable

COLLEAGUES_MOST = 200


class LineUnitsForm(ActionForm):
    """Asks, on the page of one order, how many units of each line; from the list it is all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = self.offer() if self.row is not None else {}
        for line, most in self.offered.items():
            self.fields[f"units_{line.pk}"] = forms.IntegerField(
                label=_("%(line)s, of %(most)s") % {"line": f"{line.sku} {line.name}"[:70], "most": most},
                min_value=0,
                max_value=most,
                initial=self.usual(most),
            )
        self.redress()
        self.order_fields([f"units_{line.pk}" for line in self.offered])

    def offer(self) -> dict[OrderLine, int]:
        """Return the lines that are asked for, each with the most units it allows."""
        return {line: line.to_ship for line in self.row.lines.all() if line.to_ship}

    def usual(self, most: int) -> int:
        """Return the units that stand in a field when the dialog opens."""
        return most

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        units = {line.pk: cleaned.pop(f"units_{line.pk}", 0) or 0 for line in self.offered}
        if self.offered and not self.errors and not any(units.values()):
            raise ValidationError(_("Every line has zero units. Enter what it is about."))
        return cleaned | self.asked({pk: count for pk, count in units.items() if count})

    def asked(self, units: Mapping[int, int]) -> dict[str, Any]:
        """Return what the service is told: everything, unless single units were chosen."""
        everything = units == {line.pk: most for line, most in self.offered.items()}
        return {"units": None if everything else units}


class ShipForm(LineUnitsForm):
    """A parcel leaves."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=60, required=False)
    tracking_number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=80, required=False)


class CancelForm(LineUnitsForm):
    """Units, or all that is left, are wanted no longer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True


class ReturnForm(LineUnitsForm):
    """Goods came back."""

    sellable = forms.BooleanField(
        label=gettext_lazy("Can be sold again"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Then the units go back on the shelf."),
    )

    def offer(self) -> dict[OrderLine, int]:
        lines = self.row.lines.all()
        return {line: line.shipped - line.returned for line in lines if line.shipped > line.returned}

    def usual(self, most: int) -> int:
        return 0

    def asked(self, units: Mapping[int, int]) -> dict[str, Any]:
        sellable = bool(self.cleaned_data.pop("sellable", False))
        return {"units": [ReturnedUnits(pk, count, sellable) for pk, count in units.items()]}


class MoneyForm(ActionForm):
    """An amount, by which way, and a key by which a second click is known as the same."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=0, max_digits=14, decimal_places=2)
    method = forms.ChoiceField(
        label=gettext_lazy("Method"), choices=Payment.Method.choices, initial=Payment.Method.BANK
    )
    provider_reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("The bank's or card processor's own."),
    )
    idempotency_key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["idempotency_key"].initial = uuid.uuid4().hex
        if self.row is not None:
            self.fields["amount"].initial = max(self.usual_amount(self.row), 0) or None
            self.fields["amount"].label = _("Amount, %(currency)s") % {"currency": self.row.currency}

    def usual_amount(self, order: Order) -> Any:
        """Return what stands in the field when the dialog opens."""
        return order.balance


class PaymentForm(MoneyForm):
    """Money came in; what is due stands there already."""


class RefundForm(MoneyForm):
    """Money goes back; what is owed, or else all that was paid, stands there already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True

    def usual_amount(self, order: Order) -> Any:
        left = refundable(order)
        return min(-order.balance, left) if order.balance < 0 else left


class PlaceForm(ActionForm):
    """The draft becomes an order."""


class HoldForm(ReasonForm):
    """Nothing is shipped until somebody releases it."""


class ChargesForm(ActionForm):
    """What comes off the whole order, and what shipping costs."""

    discount = forms.DecimalField(label=gettext_lazy("Discount"), min_value=0, max_digits=14, decimal_places=2)
    shipping = forms.DecimalField(label=gettext_lazy("Shipping"), min_value=0, max_digits=14, decimal_places=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.row is not None:
            self.fields["discount"].initial = self.row.discount
            self.fields["shipping"].initial = self.row.shipping


class AssignForm(ActionForm):
    """Somebody takes it, or nobody has it any longer."""

    assignee = forms.ModelChoiceField(
        label=gettext_lazy("To"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assignee"]
        field.queryset = User.objects.active().order_by("name", "email")  # type: ignore[attr-defined]
        field.initial = self.user


class FollowUpForm(ActionForm):
    """The order comes back to somebody's desk on a day."""

    on = forms.DateField(
        label=gettext_lazy("On"), required=False, help_text=gettext_lazy("Leave empty to follow up no longer.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.row is not None:
            self.fields["on"].initial = self.row.follow_up_on
