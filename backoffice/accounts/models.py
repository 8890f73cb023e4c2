"""People who use the desk, the roles they hold, and the tokens they give to programs."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.querysets import ApiTokenQuerySet, UserManager
from backoffice.changes.models import TrackedModel
from backoffice.changes.rules import UndoRefusal, UndoRules


class User(AbstractBaseUser, PermissionsMixin, TrackedModel):
    """A person who signs in with an e-mail address; what they may do follows from their roles."""

    history_excluded = ("password", "last_login")

    email = models.EmailField(
        _("e-mail address"),
        unique=True,
        error_messages={"unique": _("Somebody signs in with this address already.")},
        help_text=_("Used to sign in, and for mails from the desk."),
    )
    name = models.CharField(_("name"), max_length=150, blank=True, help_text=_("As colleagues should read it."))
    groups = models.ManyToManyField(  # type: ignore[assignment]
        Group,
        verbose_name=_("roles"),
        through="accounts.Membership",
        blank=True,
        related_name="user_set",
        related_query_name="user",
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Clear this instead of deleting the person: the history stays theirs.")
    )
    is_staff = models.BooleanField(_("may use the desk"), default=True)
    password_changed_at = models.DateTimeField(_("password changed"), null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta(TrackedModel.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="accounts_user_email_lower_case",
                violation_error_message=_("Write the e-mail address in lower case."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        self.password_changed_at = timezone.now()

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        """Return the name that the admin greets with."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the first word of the name, or the address."""
        return str(self).split()[0]


class Membership(TrackedModel):
    """A role that a person holds."""

    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("person"),
        db_index=False,  # the constraint's index begins with it
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("role"))

    class Meta(TrackedModel.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "group"],
                name="accounts_membership_once",
                violation_error_message=_("This person holds the role already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.group)


class ApiToken(TrackedModel):
    """A secret that lets a program read the JSON export; only its hash is kept."""

    history_excluded = ("digest", "last_used_at")
    undo_rules = UndoRules(refusals=(UndoRefusal(_("Tokens are not brought back or changed. Issue a new one.")),))

    class Scope(models.TextChoices):
        PRODUCTS = "products", _("Products")
        CUSTOMERS = "customers", _("Customers")
        ORDERS = "orders", _("Orders")

    name = models.CharField(_("name"), max_length=100, help_text=_("Which program uses it, and what for."))
    owner = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        verbose_name=_("owner"),
        help_text=_("The token never opens more than its owner may see."),
    )
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(_("hash"), max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), verbose_name=_("opens"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta(TrackedModel.Meta):
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    def opens(self, scope: str) -> bool:
        """Whether the token was made for `scope`."""
        return scope in self.scopes
