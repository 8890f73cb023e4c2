"""The spreadsheet of customers."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Blank, Column, WordsValue
from backoffice.spreadsheets.resources import TableResource
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import BooleanValue, CodeValue, EmailValue, TextValue
from customers.models import Customer


class CustomerResource(TableResource):
    """Customers, one a row, matched by number."""

    number = Column(
        "number",
        CodeValue(max_length=32, required=True),
        label=_("Number"),
        aliases=["Customer number", "CustomerID", "Customer"],
        required=True,
        help_text=_("Finds the customer. Your own number for them."),
    )
    name = Column("name", TextValue(max_length=200), label=_("Name"), aliases=["Contact name", "Full name"])
    company = Column("company", TextValue(max_length=200), label=_("Company"), aliases=["Company name"])
    email = Column("email", EmailValue(max_length=254), label=_("E-mail"), aliases=["Email address", "Mail"])
    phone = Column("phone", TextValue(max_length=40), label=_("Phone"), aliases=["Telephone", "Phone number"])
    country = Column("country", TextValue(max_length=64), label=_("Country"))
    tags = Column("tags", WordsValue(max_length=40), label=_("Tags"), sql_type="varchar[]")
    blocked = Column(
        "blocked",
        BooleanValue(true=("true", "yes", "1"), false=("false", "no", "0")),
        label=_("Blocked"),
        blank=Blank.KEEPS,
    )

    key = "number"
    key_expression = "{alias}.number"
    title = _("Customers")

    class Meta:
        model = Customer
        import_id_fields = ("number",)
        fields = ("number", "name", "company", "email", "phone", "country", "tags", "blocked")

    def export_queryset(self) -> QuerySet[Any]:
        return Customer.objects.filter(anonymised_at=None).order_by("pk")

    def check(self, stage: Stage) -> None:
        """Refuse what would bring erased data back, and an e-mail address for two."""
        known = f"{stage.rows} AS r JOIN {self.known_rows(stage)}"
        stage.refuse(
            "number",
            "erased",
            "%(message)s",
            f"{known} WHERE t.anonymised_at IS NOT NULL",
            {"message": gettext("The personal data of this customer was erased for good. Give a new number.")},
        )
        if stage.has("email"):
            self._check_emails(stage)

    def _check_emails(self, stage: Stage) -> None:
        self.refuse_repeats(stage, "email", "upper({alias}.email)")
        stage.refuse(
            "email",
            "taken",
            "format(%(message)s, other.number)",
            f"{stage.rows} AS r JOIN customers_customer AS other"
            " ON upper(other.email) = upper(r.email) AND other.email <> '' AND other.number <> r.number"
            f" WHERE NOT EXISTS (SELECT FROM {stage.rows} AS same WHERE same.number = other.number)",
            {"message": gettext("Customer %s has this e-mail address. Correct one of them.")},
        )
