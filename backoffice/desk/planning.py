"""Work that colleagues plan, on the desk: the form in which they say when it runs and who gets it, and its columns."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice.accounts.models import User
from backoffice.desk.columns import NOTHING, column, text, when
from backoffice.desk.forms import VERSION, VersionedForm, stale_sentence
from backoffice.desk.merging import Shown
from backoffice.desk.queues import Queue
from backoffice.jobs.plans import Plan
from backoffice.jobs.rhythms import Rhythm, as_cron, from_cron

PREVIEWED = 5


class PlanForm(VersionedForm):
    """A plan in words: how often and when, and for whom. Whoever saves it lends it their rights.

    `not_for` is the sentence that refuses a recipient. What the form says in fields of its own, beside those of the
    plan, are the fields of the plan that `said_apart` names.
    """

    rhythm = forms.ChoiceField(label=gettext_lazy("Runs"), choices=Rhythm, initial=Rhythm.WORKING_DAYS)
    at = forms.TimeField(
        label=gettext_lazy("At"),
        initial="07:30",
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Hour and minute, as 07:30."),
    )
    recipients = forms.MultipleChoiceField(
        label=gettext_lazy("Recipients"), required=False, widget=forms.CheckboxSelectMultiple
    )

    not_for: Any = ""
    said_apart: tuple[str, ...] = ("cron",)

    def show_plan(self, plan: Any, staff: Iterable[User]) -> None:
        """Show what is planned, and offer `staff` as recipients; those of the plan stay on the form."""
        recipients: Any = self.fields["recipients"]
        people = {user.email: str(user) for user in staff} | {
            email: email for email in plan.recipients if email not in {user.email for user in staff}
        }
        recipients.choices = sorted(people.items(), key=lambda person: person[1])
        recipients.error_messages["invalid_choice"] = self.not_for
        self.initial.setdefault("recipients", plan.recipients)
        if plan.pk:
            rhythm, at = from_cron(plan.cron)
            self.initial.update(rhythm=rhythm, at=f"{at:%H:%M}")

    def refuse_recipients(self, staff: Iterable[User]) -> None:
        """Refuse those who were chosen and are not among `staff`."""
        for email in sorted(set(self.cleaned_data["recipients"]) - {user.email for user in staff}):
            self.add_error("recipients", self.not_for % {"value": email})

    def refuse_overlap(self) -> None:
        """Refuse to write over what a colleague changed where the form says it in other fields."""
        if self.merge is None or not self.merge.possible:
            return
        opened = self.merge.versions.at(Shown.parse(str(self.data[VERSION])).row)
        if any(getattr(opened, name) != getattr(self.instance, name) for name in self.said_apart):
            raise ValidationError(stale_sentence(self.instance), code="stale")

    def fill(self, plan: Any) -> None:
        """Set on the plan what the form says in fields of its own."""
        plan.cron = as_cron(self.cleaned_data["rhythm"], self.cleaned_data["at"])
        plan.recipients = self.cleaned_data["recipients"]


def upcoming(plan: Plan, count: int = PREVIEWED) -> str:
    """Return the next runs, in words."""
    times = plan.next_times(timezone.now(), count)
    return " · ".join(date_format(timezone.localtime(at), "D j M Y, H:i") for at in times)


class PlanColumns:
    """What every list and page of plans tells of them."""

    times = text("words", gettext_lazy("runs"))
    next_at = column(lambda plan: upcoming(plan, 1) if plan.active else NOTHING, gettext_lazy("next run"))
    upcoming_runs = column(upcoming, gettext_lazy("next five runs"))
    missing = when("missing_since", gettext_lazy("did not arrive"))
    trouble = text("problem")


def missing_queue() -> Queue:
    """Return the queue of plans that want somebody: what they make did not arrive, or they stopped."""
    return Queue(
        "missing",
        gettext_lazy("Did not arrive"),
        lambda plans, user: plans.did_not_arrive() | plans.overdue(timezone.now()),
        tone="red",
        on_home=True,
    )
