"""Typed parameters of reports: Django forms that the admin, the command line and schedules share."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.desk.forms import DeskForm
from reports.periods import Period, Preset, resolve


class DayField(forms.DateField):
    """A day in the one way that addresses, commands and schedules write it; it may be left out."""

    default_error_messages = {"invalid": gettext_lazy("Write a day as year-month-day, like 2026-11-20.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, input_formats=["%Y-%m-%d"], **options)


def default_currency() -> str:
    """Return the currency that this desk sells in."""
    return str(settings.CURRENCY)


class ReportParameters(DeskForm):
    """Parameters of a report that asks for nothing."""

    @classmethod
    def asked(cls, given: Mapping[str, Any]) -> "ReportParameters":
        """Return the form filled with what was given; what was not takes its default.

        Raises ValidationError for a name that the report does not know.
        """
        fields = cls().fields
        unknown = sorted(set(given) - set(fields))
        if unknown:
            raise ValidationError(_unknown_names(unknown, list(fields)))
        defaults = {name: _default(field) for name, field in fields.items()}
        return cls(data={**defaults, **given})

    @classmethod
    def in_words(cls, given: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """Return the label of each parameter that was given, and its value as the form shows it."""
        fields = cls().fields
        return [
            (field.label, dict(getattr(field, "choices", ())).get(given[name], given[name]))
            for name, field in fields.items()
            if given.get(name) not in {None, ""}
        ]

    def resolve(self, today: date) -> Period:
        """Return the dates that the parameters mean on the local day `today`."""
        return Period()


class CurrencyParameters(ReportParameters):
    """One currency: amounts in different ones cannot be added up."""

    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        initial=default_currency,
        max_length=3,
        validators=[
            RegexValidator(r"^[A-Z]{3}$", gettext_lazy("Write a currency as three capital letters, like GBP."))
        ],
        help_text=gettext_lazy("Orders in other currencies are left out."),
    )


class DatesParameters(ReportParameters):
    """A period: a preset, or two dates of which one may be left out."""

    period = forms.ChoiceField(label=gettext_lazy("Period"), choices=Preset, initial=Preset.LAST_MONTH)
    date_from = DayField(label=gettext_lazy("From"))
    date_to = DayField(label=gettext_lazy("Up to and including"))

    field_order = ("period", "date_from", "date_to")

    @classmethod
    def asked(cls, given: Mapping[str, Any]) -> "ReportParameters":
        """Dates without a preset are a custom period."""
        dated = any(given.get(name) for name in ("date_from", "date_to"))
        return super().asked({"period": Preset.CUSTOM, **given} if dated else given)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        dated = values.get("date_from") or values.get("date_to")
        if dated and values.get("period") not in {None, Preset.CUSTOM}:
            raise ValidationError(
                _("Dates count only with the period “%(custom)s”. Choose that, or clear the dates."),
                params={"custom": Preset.CUSTOM.label},
            )
        if values.get("period") == Preset.CUSTOM and not self.errors:
            resolve(Preset.CUSTOM, today=date.min, first=values["date_from"], last=values["date_to"])
        return values

    def resolve(self, today: date) -> Period:
        values = self.cleaned_data
        return resolve(values["period"], today=today, first=values["date_from"], last=values["date_to"])


class PeriodParameters(DatesParameters, CurrencyParameters):
    """A currency, and a period."""


def _default(field: forms.Field) -> Any:
    return field.initial() if callable(field.initial) else field.initial


def _unknown_names(unknown: list[str], known: list[str]) -> str:
    names = ", ".join(unknown)
    if not known:
        return _("This report has no parameters; it was given: %(names)s.") % {"names": names}
    return _("This report has no parameter %(names)s. It has: %(known)s.") % {"names": names, "known": ", ".join(known)}


def in_sentences(form: ReportParameters) -> list[str]:
    """Return what is wrong with the parameters, a sentence each, naming the parameter and what it may be."""
    return [
        f"{name}: {error}{_allowed(form.fields[name])}" if name in form.fields else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]


def _allowed(field: forms.Field) -> str:
    if not isinstance(field, forms.ChoiceField):
        return ""
    values = ", ".join(str(value) for value, _label in list(field.choices) if value)  # type: ignore[arg-type]
    return " " + _("Choose one of: %(values)s.") % {"values": values}
