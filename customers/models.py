"""Who buys, where they live, and what they bought so far."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Trim, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import UndoRefusal, UndoRules
from backoffice.notes.models import Note
from customers.querysets import CustomerQuerySet


class Customer(TrackedModel):
    """A person or company that orders."""

    personal_permission = "customers.export_personal_data"
    undo_rules = UndoRules(
        refusals=(
            UndoRefusal(_("Personal data that was erased does not come back."), when=Q(anonymised_at__isnull=False)),
        ),
        afterwards="customers.services.refresh_undone",
    )

    number = models.CharField(
        _("number"),
        max_length=32,
        unique=True,
        help_text=_("Your own number for this customer."),
        error_messages={"unique": _("Another customer has this number.")},
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("May be empty; no two customers share one."))
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=64, blank=True)
    tags = ArrayField(models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True)
    blocked = models.BooleanField(_("blocked"), default=False, help_text=_("No new orders are taken from them."))
    marketing_consent = models.BooleanField(_("agrees to marketing"), default=False)
    marketing_consent_at = models.DateTimeField(_("agreed or refused at"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    anonymised_at = models.DateTimeField(_("anonymised"), null=True, blank=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-pk"]
        permissions = [("export_personal_data", _("Can export customers and their personal data"))]
        constraints = [
            models.UniqueConstraint(
                Upper("email"),
                condition=~Q(email=""),
                name="customers_customer_email_once",
                violation_error_message=_("Another customer has this e-mail address."),
            ),
            models.CheckConstraint(
                condition=Q(number=Trim("number")) & ~Q(number=""),
                name="customers_customer_number_trimmed",
                violation_error_message=_("A customer number has no spaces around it and is not empty."),
            ),
            models.CheckConstraint(
                condition=Q(marketing_consent=False) | Q(marketing_consent_at__isnull=False),
                name="customers_customer_consent_has_time",
                violation_error_message=_("Consent needs the time at which it was given."),
            ),
        ]
        indexes = [
            models.Index(fields=["country", "-id"], name="customers_customer_country"),
            models.Index(fields=["updated_at", "id"], name="customers_customer_updated"),
            models.Index(
                OpClass(Upper("name"), "text_pattern_ops"), name="customers_customer_name_prefix", condition=~Q(name="")
            ),
            models.Index(
                OpClass(Upper("company"), "text_pattern_ops"),
                name="customers_customer_company_pre",
                condition=~Q(company=""),
            ),
            models.Index(OpClass(Upper("email"), "text_pattern_ops"), name="customers_customer_email_pre"),
            models.Index(OpClass(Upper("number"), "text_pattern_ops"), name="customers_customer_number_pre"),
            models.Index(
                OpClass(Upper("phone"), "text_pattern_ops"), name="customers_customer_phone_pre", condition=~Q(phone="")
            ),
            models.Index(fields=["email", "id"], name="customers_customer_by_email"),
            models.Index(fields=["-created_at", "-id"], name="customers_customer_created"),
            models.Index(fields=["-id"], name="customers_customer_blocked", condition=Q(blocked=True)),
            models.Index(fields=["-id"], name="customers_customer_archived", condition=Q(archived_at__isnull=False)),
            models.Index(fields=["marketing_consent", "-id"], name="customers_customer_consent"),
            GinIndex(fields=["tags"], name="customers_customer_tags"),
        ]

    def __str__(self) -> str:
        return self.company or self.name or self.number


class Address(TrackedModel):
    """A place a customer gave; orders keep copies of their own."""

    personal_permission = "customers.export_personal_data"

    class Kind(models.TextChoices):
        BILLING = "billing", _("Billing")
        SHIPPING = "shipping", _("Shipping")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.SHIPPING)
    name = models.CharField(_("addressee"), max_length=200, blank=True)
    line1 = models.CharField(_("address"), max_length=200)
    line2 = models.CharField(_("address, second line"), max_length=200, blank=True)
    city = models.CharField(_("town or city"), max_length=100, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=64, blank=True)
    is_default = models.BooleanField(_("default of its kind"), default=False)

    class Meta(TrackedModel.Meta):
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ["customer", "-is_default", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind"],
                condition=Q(is_default=True),
                name="customers_address_one_default",
                violation_error_message=_("The customer has a default address of this kind already."),
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.line1, self.city, self.country) if part)

    def as_text(self) -> str:
        """Return the lines of a label."""
        town = " ".join(part for part in (self.postal_code, self.city) if part)
        lines = (self.name, self.line1, self.line2, town, self.region, self.country)
        return "\n".join(line for line in lines if line)


class CustomerFigures(models.Model):
    """What a customer's orders add up to. Derived: services keep it, a nightly check compares it with the orders."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="figures", verbose_name=_("customer")
    )
    orders_count = models.PositiveIntegerField(_("orders"), default=0)
    spent = models.DecimalField(_("spent"), max_digits=16, decimal_places=4, default=Decimal(0))
    first_order_at = models.DateTimeField(_("first order"), null=True, blank=True)
    last_order_at = models.DateTimeField(_("last order"), null=True, blank=True)
    recency_score = models.PositiveSmallIntegerField(_("recency score"), null=True, blank=True)
    frequency_score = models.PositiveSmallIntegerField(_("frequency score"), null=True, blank=True)
    monetary_score = models.PositiveSmallIntegerField(_("monetary score"), null=True, blank=True)
    segment = models.CharField(_("segment"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("figures")
        verbose_name_plural = _("figures")
        default_permissions = ()
        indexes = [
            models.Index(fields=["-spent"], name="customers_figures_spent"),
            models.Index(fields=["-last_order_at"], name="customers_figures_last_order"),
        ]

    def __str__(self) -> str:
        return f"{self.orders_count} / {self.spent}"


class CustomerNote(Note):
    """A note on a customer."""

    subject_field = "customer"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes", verbose_name=_("customer"))

    class Meta(Note.Meta):
        verbose_name = _("note")
        verbose_name_plural = _("notes")
