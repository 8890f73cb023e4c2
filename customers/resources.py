"""Spreadsheets of customers, their tags and their addresses."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Blank, Column, Lookup, WordsValue
from backoffice.spreadsheets.keys import Key, by_id
from backoffice.spreadsheets.resources import TableResource
from backoffice.spreadsheets.staging import Stage
from backoffice.spreadsheets.values import BooleanValue, ChoiceValue, CodeValue, EmailValue, TextValue
from customers.models import Address, Customer

# A customer is found by number or by e-mail address.
CUSTOMER_WORDS = """
    SELECT upper(number) AS word, id FROM customers_customer WHERE anonymised_at IS NULL
    UNION SELECT upper(email), id FROM customers_customer WHERE anonymised_at IS NULL AND email <> ''
"""
EMAIL = Column(
    "email",
    EmailValue(max_length=254, required=True),
    label=_("E-mail"),
    aliases=["Email address", "Mail"],
    required=True,
    help_text=_("Finds the customer, whatever its case."),
)
CUSTOMER_KEYS = (
    Key(
        field="number",
        expression="{alias}.number",
        taken=_("Customer %s has this number. Correct one of them; or give that one another first, in its own file."),
    ),
    Key(
        field="email",
        expression="upper({alias}.email)",
        column=EMAIL,
        taken=_(
            "Customer %s has this e-mail address. Correct one of them; or give that one another first, in its own file."
        ),
    ),
    by_id(),
)


class CustomerResource(TableResource):
    """Customers, one a row, matched by number, or by e-mail address or ID, and then the number may change."""

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
    email = Column("email", EmailValue(max_length=254), label=_("E-mail"), aliases=EMAIL.aliases)
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
    keys = CUSTOMER_KEYS
    renames = True
    title = _("Customers")

    class Meta:
        model = Customer
        import_id_fields = ("number",)
        fields = ("number", "name", "company", "email", "phone", "country", "tags", "blocked")

    def export_queryset(self) -> QuerySet[Any]:
        return Customer.objects.filter(anonymised_at=None).order_by("pk")

    def check(self, stage: Stage) -> None:
        """Refuse what would bring erased data back."""
        stage.refuse(
            self.key,
            "erased",
            "%(message)s",
            f"{stage.rows} AS r JOIN {self.known_rows(stage)} WHERE t.anonymised_at IS NOT NULL",
            {"message": gettext("The personal data of this customer was erased for good. Give a new number.")},
        )


class CustomerTagResource(CustomerResource):
    """Tags of customers that are there."""

    creates = False
    renames = False
    title = _("Tags of customers")

    class Meta:
        model = Customer
        fields = ("number", "tags")


class AddressResource(TableResource):
    """Addresses of customers, one a row, matched by customer, kind and first line."""

    customer = Column(
        "customer__number",
        CodeValue(max_length=254, required=True),
        label=_("Customer"),
        aliases=["Customer number", "CustomerID", "Number"],
        required=True,
        target="customer_id",
        lookup=Lookup(
            CUSTOMER_WORDS,
            unknown=_("No customer has the number or e-mail address “%s”. Import the customers first, or correct it."),
            ambiguous=_("“%s” fits several customers, by number or e-mail address. Write the one that fits one."),
        ),
        help_text=_("By number or e-mail address."),
    )
    kind = Column("kind", ChoiceValue(dict(Address.Kind.choices), required=True), label=_("Kind"), required=True)
    line1 = Column(
        "line1", TextValue(max_length=200, required=True), label=_("Address"), aliases=["Street"], required=True
    )
    line2 = Column("line2", TextValue(max_length=200), label=_("Address, second line"))
    name = Column("name", TextValue(max_length=200), label=_("Addressee"), aliases=["Name"])
    postal_code = Column("postal_code", CodeValue(max_length=20), label=_("Postal code"), aliases=["Postcode", "ZIP"])
    city = Column("city", TextValue(max_length=100), label=_("Town or city"), aliases=["City", "Town"])
    region = Column("region", TextValue(max_length=100), label=_("Region"), aliases=["State"])
    country = Column("country", TextValue(max_length=64), label=_("Country"))
    is_default = Column(
        "is_default",
        BooleanValue(true=("true", "yes", "1"), false=("false", "no", "0")),
        label=_("Default of its kind"),
        aliases=["Default"],
        blank=Blank.KEEPS,
    )

    key = "line1"
    key_expression = "upper({alias}.line1)"
    identity = ("customer", "kind")
    listed_as = "customer"
    title = _("Addresses")

    class Meta:
        model = Address
        fields = (
            "customer",
            "kind",
            "line1",
            "line2",
            "name",
            "postal_code",
            "city",
            "region",
            "country",
            "is_default",
        )

    @property
    def import_permission(self) -> str:
        return "customers.import_customer"

    def repeats_expression(self) -> str:
        return "concat_ws(' ', upper({alias}.customer), {alias}.kind, upper({alias}.line1))"

    def known_rows(self, stage: Stage) -> str:
        owner = f"(SELECT min(words.id) FROM ({CUSTOMER_WORDS}) AS words WHERE words.word = upper(r.customer))"
        return f"customers_address AS t ON {self.same_key()} AND t.kind = r.kind AND t.customer_id = {owner}"

    def taken(self) -> str:
        return f"{super().taken()} AND t.kind = w.kind AND t.customer_id = w.customer_id"
